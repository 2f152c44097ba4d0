/** A neighbour of the rehearsal: the other end of a session, in the fabric only. */
import { UpdateWriter } from '../../bgp/encode.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6, multiprotocolOf, Safi } from '../../bgp/families.ts';
import { MAX_MESSAGE } from '../../bgp/message.ts';
import { as2For, BGP_VERSION, encodeOpen, noCapabilities } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { CONNECTION, CONNECTION_STATE } from '../../fabric/layout.ts';

const LENGTHS = [24, 24, 22, 19, 16, 8, 28];
const PREFIXES_PER_SET = LENGTHS.length;

/** Our end of a session, as four words: IPv4 in both halves of the address space, whose numbers are not the same to Node.js, and IPv6. */
export function ownAddress(index: number): readonly number[] {
  if (index % 4 === 3) return [0x20010db8, 0, 0, 1];
  return [0, 0, 0xffff, (index % 2 === 0 ? 0x7f0000ff : 0xc0000201) | 0];
}

/** The other end of a session: writes UPDATE messages into the receive ring, as the line card would. */
export class Neighbor {
  readonly index: number;
  readonly #fabric: Fabric;
  readonly #which: number;
  readonly #as: number;
  readonly #at: number;
  readonly #message = new Uint8Array(MAX_MESSAGE);
  readonly #writer = new UpdateWriter(this.#message);
  readonly #attributes = new Uint8Array(512);
  /** Of the message, and of what the ring has of it. */
  #length = 0;
  #poured = 0;
  readonly #say: ((message: Uint8Array, length: number) => void) | undefined;

  /** `say`: takes messages that do not go into the ring. `which`: the connection that carries the session, 1 where the neighbour calls. */
  constructor(
    fabric: Fabric,
    index: number,
    as: number,
    which = 0,
    say?: (message: Uint8Array, length: number) => void,
  ) {
    this.#fabric = fabric;
    this.index = index;
    this.#as = as;
    this.#which = which;
    this.#at = fabric.connections.at(index, which);
    this.#say = say;
  }

  /** Calls, and says its OPEN: as the line card has it. */
  call(): void {
    const { connections, ready } = this.#fabric;
    connections.reset(this.#at);
    connections.words.set(ownAddress(this.index), this.#at + CONNECTION.localAddress);
    connections.setState(this.#at, connections.generationOf(this.#at) + 1, CONNECTION_STATE.open);
    ready.setForBlade(this.index);
    const capabilities = {
      ...noCapabilities(),
      multiprotocol: multiprotocolOf(FAMILY_IPV4 | FAMILY_IPV6),
      routeRefresh: true,
      fourOctetAs: this.#as,
    };
    const bgpId = 1 + this.index;
    this.say(
      encodeOpen({
        version: BGP_VERSION,
        as: this.#as,
        as2: as2For(this.#as),
        holdTime: 90,
        bgpId,
        capabilities,
      }),
    );
  }

  /** Its connection ends. */
  hangUp(): void {
    const { connections, ready } = this.#fabric;
    connections.setState(this.#at, connections.generationOf(this.#at), CONNECTION_STATE.ended);
    ready.setForBlade(this.index);
  }

  /** The line card is done with the connection, too. */
  close(): void {
    const { connections, ready } = this.#fabric;
    connections.setState(this.#at, connections.generationOf(this.#at), CONNECTION_STATE.closed);
    ready.setForBlade(this.index);
  }

  /** Takes whatever was sent. */
  listen(): void {
    const { words } = this.#fabric.connections;
    words[this.#at + CONNECTION.transmitTail] = words[this.#at + CONNECTION.transmitHead] as number;
  }

  /** Announces the prefixes of a set with a path of this round, or withdraws them; every sixteenth set is IPv6. */
  tell(round: number, set: number): void {
    const ipv6 = set % 16 === 15;
    if ((round * 7 + set + this.index) % 9 === 8) this.#beginWithdrawal(ipv6);
    else {
      const end = this.#writeAttributes(round, set, ipv6);
      const nextHop = new Uint8Array(16).fill(0x20, 0, 1).fill(1, 15);
      if (ipv6)
        this.#writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, nextHop, 0, 16, this.#attributes, 0, end);
      else this.#writer.beginAnnounce4(this.#attributes, 0, end);
    }
    this.#addPrefixes(set, ipv6);
    this.#send(this.#writer.finish());
  }

  say(message: Uint8Array): void {
    this.#message.set(message);
    this.#send(message.length);
  }

  withdraw(set: number): void {
    const ipv6 = set % 16 === 15;
    this.#beginWithdrawal(ipv6);
    this.#addPrefixes(set, ipv6);
    this.#send(this.#writer.finish());
  }

  #beginWithdrawal(ipv6: boolean): void {
    if (ipv6) this.#writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
    else this.#writer.beginWithdraw4();
  }

  #addPrefixes(set: number, ipv6: boolean): void {
    for (let i = 0; i < PREFIXES_PER_SET; i++) {
      const number = set * PREFIXES_PER_SET + i;
      const length = LENGTHS[i] as number;
      if (ipv6) this.#writer.addPrefix6(0xfd000db8, (number << 16) >>> 0, 0, 0, 48);
      // In both halves of the address space: numbers of 31 and of 32 bits are not the same to Node.js.
      else this.#writer.addPrefix4((((set << 31) | (number << 8)) & (-1 << (32 - length))) >>> 0, length);
    }
  }

  #send(length: number): void {
    this.#length = length;
    this.#poured = this.#say === undefined ? 0 : length;
    if (this.#say === undefined) this.pour();
    else this.#say(this.#message, length);
  }

  /** The ring takes what it has room for; false: some of the message is left. */
  pour(): boolean {
    const { connections, ready } = this.#fabric;
    const { words, receive, receiveBytes } = connections;
    const head = words[this.#at + CONNECTION.receiveHead] as number;
    const room = receiveBytes - ((head - (words[this.#at + CONNECTION.receiveTail] as number)) | 0);
    const length = Math.min(room, this.#length - this.#poured);
    if (length === 0) return this.#poured === this.#length;
    const start = connections.receiveStart(this.index, this.#which);
    for (let i = 0; i < length; i++) {
      receive[start + ((head + i) & (receiveBytes - 1))] = this.#message[this.#poured + i] as number;
    }
    this.#poured += length;
    words[this.#at + CONNECTION.receiveHead] = (head + length) | 0;
    ready.setForBlade(this.index);
    return this.#poured === this.#length;
  }

  /** ORIGIN, AS_PATH of one to six ASes, NEXT_HOP, and by turns all others that an external neighbour may tell. */
  #writeAttributes(round: number, set: number, ipv6: boolean): number {
    const hops = 1 + ((round + set + this.index * 3) % 6);
    const path = [this.#as];
    for (let hop = 1; hop < hops; hop++) path.push(100 + hop * 100 + set);
    const aggregated = set % 32 === 9;
    const bytes = [0x40, 1, 1, set % 32 === 0 ? 2 : 0, 0x40, 2, (aggregated ? 12 : 2) + hops * 4, 2, hops];
    for (const as of path) bytes.push(...quad(as));
    if (aggregated) bytes.push(1, 2, ...quad(70_000), ...quad(4_200_000_000));
    if (!ipv6) bytes.push(0x40, 3, 4, 127, 0, 0, 1 + this.index);
    if (set % 64 === 5) bytes.push(0x80, 4, 4, ...quad(round + 1));
    if (set % 16 === 11) bytes.push(0x40, 6, 0);
    if (set % 16 === 3) bytes.push(0xc0, 7, 8, ...quad(path[0] as number), 10, 0, 0, 1);
    if (set % 2 === 1) bytes.push(0xc0, 8, 8, ...quad(0xfde80000 + set), ...quad(0xfde90001));
    // A length of two octets.
    else if (set % 16 === 6) {
      bytes.push(0xd0, 8, 1, 64);
      for (let i = 0; i < 80; i++) bytes.push(...quad(0x00640000 + i));
    }
    if (set % 32 === 13) bytes.push(0xc0, 16, 8, 0, 2, 0, 1, ...quad(set));
    if (set % 32 === 17) bytes.push(0xc0, 32, 12, ...quad(70_000), ...quad(1), ...quad(set));
    this.#attributes.set(bytes);
    return bytes.length;
  }
}

function quad(value: number): [number, number, number, number] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
