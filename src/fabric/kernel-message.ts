import type { SocketCalls } from '../base/socket-calls.ts';
import { MESSAGE } from './layout.ts';

/**
 * What the kernel is to take out of rings of bytes, or to put into them, as it is told: a struct mmsghdr and two struct iovec
 * in shared memory, the second one for what wraps around a ring's end.
 */
export class KernelMessage {
  readonly address: number;
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #rings: number;
  readonly #ringBytes: number;

  /** At `base` in `memory`; of rings in `rings`. */
  constructor(
    calls: SocketCalls,
    memory: SharedArrayBuffer,
    base: number,
    rings: SharedArrayBuffer,
    ringBytes: number,
  ) {
    this.#words = new Int32Array(memory);
    this.#base = base;
    this.#rings = calls.addressOf(rings);
    this.#ringBytes = ringBytes;
    this.address = calls.addressOf(memory) + base * 4;
    this.#words.fill(0, base, base + MESSAGE.words);
    this.#setAddress(MESSAGE.parts, this.address + MESSAGE.firstPart * 4);
  }

  /** So many octets of a ring, from a position on. */
  aim(ring: number, position: number, length: number): void {
    const words = this.#words;
    const base = this.#base;
    const offset = position & (this.#ringBytes - 1);
    const first = Math.min(length, this.#ringBytes - offset);
    const start = this.#rings + ring * this.#ringBytes;
    this.#setAddress(MESSAGE.firstPart, start + offset);
    words[base + MESSAGE.firstPart + MESSAGE.length] = first;
    this.#setAddress(MESSAGE.secondPart, start);
    words[base + MESSAGE.secondPart + MESSAGE.length] = length - first;
    words[base + MESSAGE.partCount] = first < length ? 2 : 1;
    words[base + MESSAGE.moved] = 0;
  }

  /** Octets that the kernel moved. */
  get moved(): number {
    return this.#words[this.#base + MESSAGE.moved] as number;
  }

  #setAddress(word: number, address: number): void {
    this.#words[this.#base + word] = address % 2 ** 32;
    this.#words[this.#base + word + 1] = Math.floor(address / 2 ** 32);
  }
}
