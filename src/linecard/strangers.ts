/**
 * Calls from configured ranges by callers that are no neighbours yet: they are held until the chassis has made the caller one, or turned it
 * down. One call of an address, and so many addresses, at a time.
 */
import net from 'node:net';
import type { Range } from './messages.ts';

/** Milliseconds that the chassis has to answer, and calls that are held at most. */
const PATIENCE = 5000;
const MOST = 256;

export class Strangers {
  #ranges = new net.BlockList();
  readonly #held = new Map<string, net.Socket>();
  readonly #called: (address: string) => void;

  constructor(called: (address: string) => void) {
    this.#called = called;
  }

  configure(ranges: readonly Range[]): void {
    this.#ranges = new net.BlockList();
    for (const { address, length } of ranges) this.#ranges.addSubnet(address, length, familyOf(address));
  }

  /** Holds a call if it is from a range; false: it is not, or there are too many. */
  hold(address: string, socket: net.Socket): boolean {
    if (!net.isIP(address) || !this.#ranges.check(address, familyOf(address))) return false;
    if (this.#held.has(address) || this.#held.size >= MOST) return false;
    this.#held.set(address, socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#held.get(address) === socket) this.#held.delete(address);
    });
    setTimeout(() => {
      if (this.#held.get(address) === socket) socket.destroy();
    }, PATIENCE).unref();
    this.#called(address);
    return true;
  }

  /** The call of an address, which is held no more. */
  take(address: string): net.Socket | undefined {
    const socket = this.#held.get(address);
    this.#held.delete(address);
    return socket?.destroyed ? undefined : socket;
  }

  destroyAll(): void {
    for (const socket of this.#held.values()) socket.destroy();
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
