/**
 * Connections of neighbours that are protected below BGP (base/socket-options.ts): those that we dial, the sockets that
 * they call on, and those that were accepted.
 */
import net from 'node:net';
import { withoutZone } from '../base/address.ts';
import { answerWithHighestTtl, limitHops, protectedSocket, setKey } from '../base/socket-options.ts';
import { descriptorOf } from './handle.ts';
import type { Neighbor, Range } from './messages.ts';

export class Guard {
  readonly #servers: net.Server[] = [];
  /** Neighbours whose keys the listening sockets have, by address. */
  readonly #keys = new Map<string, string>();
  #near = false;
  #ranges: readonly Range[] = [];
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** A socket that listens from now on; throws where it cannot be protected as configured. */
  listens(server: net.Server): void {
    this.#servers.push(server);
    for (const [address, password] of this.#keys) this.#setKey(server, address, password);
    for (const range of this.#ranges) this.#setRange(server, range);
    if (this.#near) answerWithHighestTtl(descriptorOf(server), isIpv6(server));
  }

  /** A neighbour is to come, or is protected otherwise now. */
  admit({ address, protection }: Neighbor): void {
    const password = protection?.password ?? '';
    const before = this.#keys.get(address) ?? '';
    try {
      if (password !== before && (password !== '' || !this.#isKnownElsewhere(address)))
        for (const server of this.#servers) this.#setKey(server, address, password);
      if (protection?.hops !== undefined) this.#answerFromNear();
    } catch (error) {
      this.#tell(`${address} cannot call: ${(error as Error).message}`);
    }
    if (password === '') this.#keys.delete(address);
    else this.#keys.set(address, password);
  }

  /** Another neighbour has this address on another link, and so the same key. */
  #isKnownElsewhere(address: string): boolean {
    const plain = withoutZone(address);
    return [...this.#keys.keys()].some((each) => each !== address && withoutZone(each) === plain);
  }

  dismiss({ address }: Neighbor): void {
    this.admit({ session: -1, address, port: 0 });
  }

  /** Ranges whose members share a key. */
  admitRanges(ranges: readonly Range[]): void {
    const before = this.#ranges;
    this.#ranges = ranges.filter(({ password }) => password !== undefined);
    if (ranges.some(({ near }) => near)) this.#answerFromNear();
    for (const server of this.#servers) {
      for (const range of before)
        if (!this.#ranges.some((each) => isSame(each, range)))
          this.#setRange(server, { ...range, password: '' });
      for (const range of this.#ranges) this.#setRange(server, range);
    }
  }

  #answerFromNear(): void {
    if (this.#near) return;
    this.#near = true;
    for (const server of this.#servers) answerWithHighestTtl(descriptorOf(server), isIpv6(server));
  }

  #setRange(server: net.Server, { address, length, password = '' }: Range): void {
    if (address.includes(':') && !isIpv6(server)) return;
    try {
      setKey(descriptorOf(server), isIpv6(server), address, password, length);
    } catch (error) {
      this.#tell(`${address}/${length} cannot call: ${(error as Error).message}`);
    }
  }

  /** A connection to a neighbour, on its way. */
  dial({ address, port, localAddress, protection }: Neighbor, onread: net.OnReadOpts): net.Socket {
    const from = localAddress === undefined ? {} : { localAddress };
    const to = { host: address, port, ...from };
    if (protection === undefined) return net.connect({ ...to, allowHalfOpen: true, onread });
    const options = { allowHalfOpen: true, onread, manualStart: true };
    try {
      const fd = protectedSocket(address, protection);
      return new net.Socket({ ...options, fd } as net.SocketConstructorOpts).connect(to);
    } catch (error) {
      this.#tell(`${address} cannot be called: ${(error as Error).message}`);
      return new net.Socket(options as net.SocketConstructorOpts).destroy(error as Error);
    }
  }

  /** A connection that a neighbour has made; false: it cannot be protected as configured. */
  accepts(socket: net.Socket, { address, protection }: Neighbor): boolean {
    if (protection?.hops === undefined) return true;
    try {
      limitHops(descriptorOf(socket), address, protection.hops);
      return true;
    } catch (error) {
      this.#tell(`${address} cannot call: ${(error as Error).message}`);
      return false;
    }
  }

  #setKey(server: net.Server, address: string, password: string): void {
    if (address.includes(':') && !isIpv6(server)) return;
    setKey(descriptorOf(server), isIpv6(server), address, password);
  }
}

function isSame(a: Range, b: Range): boolean {
  return a.address === b.address && a.length === b.length;
}

function isIpv6(server: net.Server): boolean {
  return (server.address() as net.AddressInfo).family === 'IPv6';
}
