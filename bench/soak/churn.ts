/**
 * Prefixes and attribute sets that are never the same twice: number n is announced once, with a set that it shares with the few
 * beside it, and withdrawn when so many others have been announced after it.
 *
 *   IPv4: 1.0.0.0 + n, /32 (up to 3,000,000,000 of them)       each eighth group IPv6: 2001:db8:n::/64
 */
import { UpdateWriter } from '../../src/bgp/encode.ts';
import { Afi, Safi } from '../../src/bgp/families.ts';
import { MAX_MESSAGE } from '../../src/bgp/message.ts';

/** Prefixes that share a set, and those that share a message when they are withdrawn. */
const SHARED = 5;
const TOGETHER = 40;
const IPV6_EACH = 8;
const FIRST_ADDRESS = 0x01000000;

export class Churn {
  /** Prefixes announced and withdrawn so far. */
  announced = 0;
  withdrawn = 0;
  readonly #window: number;
  readonly #total: number;
  readonly #writer: UpdateWriter;
  readonly #attributes: Uint8Array;
  readonly #view: DataView;
  readonly #pathLength: number;
  readonly #nextHop6 = Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

  constructor(as: number, total: number, window: number) {
    this.#total = total;
    this.#window = window;
    this.#writer = new UpdateWriter(new Uint8Array(MAX_MESSAGE));
    // ORIGIN, AS_PATH of three ASes, NEXT_HOP, two communities; what differs is in the last AS and the last community.
    const path = [0x40, 2, 14, 2, 3, ...quad(as), ...quad(64_900), ...quad(0)];
    const before = [0x40, 1, 1, 0, ...path];
    this.#pathLength = before.length;
    this.#attributes = Uint8Array.from([
      ...before,
      ...[0x40, 3, 4, 127, 0, 0, 9],
      ...[0xc0, 8, 8, ...quad(0xfde80001), ...quad(0)],
    ]);
    this.#view = new DataView(this.#attributes.buffer);
  }

  get done(): boolean {
    return this.withdrawn >= this.#total;
  }

  /** Writes the next message; its length. */
  next(into: Uint8Array, at: number): number {
    this.#writer.target(into, at, MAX_MESSAGE);
    const due = this.announced >= this.#total || this.announced - this.withdrawn >= this.#window + TOGETHER;
    if (due) this.#withdraw();
    else this.#announce();
    return this.#writer.finish();
  }

  #announce(): void {
    const set = this.announced / SHARED;
    const at = this.#pathLength;
    this.#view.setUint32(at - 4, 1 + (set >>> 16));
    this.#view.setUint32(this.#attributes.length - 4, set >>> 0);
    const writer = this.#writer;
    if (isIpv6(this.announced)) {
      const rest = new Uint8Array(this.#attributes.length - 7);
      rest.set(this.#attributes.subarray(0, at));
      rest.set(this.#attributes.subarray(at + 7), at);
      writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, this.#nextHop6, 0, 16, rest, 0, rest.length);
    } else writer.beginAnnounce4(this.#attributes, 0, this.#attributes.length);
    for (let i = 0; i < SHARED; i++) this.#add(this.announced++);
  }

  #withdraw(): void {
    const ipv6 = isIpv6(this.withdrawn);
    if (ipv6) this.#writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
    else this.#writer.beginWithdraw4();
    for (let i = 0; i < TOGETHER && this.withdrawn < this.#total; i++) {
      if (isIpv6(this.withdrawn) !== ipv6) return;
      this.#add(this.withdrawn++);
    }
  }

  #add(number: number): void {
    if (isIpv6(number)) this.#writer.addPrefix6(0x20010db8, number >>> 0, 0, 0, 64);
    else this.#writer.addPrefix4((FIRST_ADDRESS + number) >>> 0, 32);
  }
}

function isIpv6(number: number): boolean {
  return Math.floor(number / SHARED) % IPV6_EACH === IPV6_EACH - 1;
}

function quad(value: number): [number, number, number, number] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
