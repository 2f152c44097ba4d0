/**
 * What a neighbour holds after all that it was told: the AS_PATH length of every prefix, one octet each, and how
 * many messages it took to say so. Reads inboxes when the clock has stopped.
 */
import { MessageType } from '../../../src/bgp/message.ts';
import { AttributeAt } from '../../../src/lab/rewrite.ts';
import type { Inbox } from './inbox.ts';
import { pathLength } from './path-length.ts';
import type { PrefixNumbers } from './prefix-numbers.ts';

const HEADER = 19;
const LONGEST_MESSAGE = 4096;
const MP_REACH = 14;
const MP_UNREACH = 15;

export interface Counts {
  updates: number;
  announced: number;
  withdrawn: number;
}

/** Somebody who wants to know where in the stream every route is. */
export interface Watch {
  /** A path length of 0: withdrawn. The UPDATE ended so many octets behind the beginning of what is read. */
  onRoute(number: number, pathLength: number, endsAt: number): void;
}

export class Held {
  /** By number of the prefix, 0 for no usable route; empty for a neighbour that must not be told anything. */
  readonly lengths: Uint8Array;
  #mistakes: string[] = [];
  readonly #numbers: PrefixNumbers;
  readonly #as: number;
  readonly #ipv6: boolean;
  readonly #attribute = new AttributeAt();
  #watch: Watch | undefined;
  /** Where the message that is being read ends in the stream. */
  #endsAt = 0;

  /** With the neighbour's own AS in its path a route is of no use. */
  constructor(numbers: PrefixNumbers, { as, deaf }: { as: number; deaf: boolean }, ipv6: boolean) {
    this.#numbers = numbers;
    this.#as = as;
    this.#ipv6 = ipv6;
    this.lengths = new Uint8Array(deaf ? 0 : numbers.count);
  }

  /** What must not have happened since this was asked last, in words; the first of it is enough. */
  mistakes(): string[] {
    const mistakes = this.#mistakes;
    this.#mistakes = [];
    return mistakes;
  }

  /** Reads all messages of an inbox; a message may begin in one slab and end in the next. */
  read(inbox: Inbox, counts: Counts, watch?: Watch): void {
    this.#watch = watch;
    this.#endsAt = 0;
    const cut = new Uint8Array(2 * LONGEST_MESSAGE);
    let kept = 0;
    for (const { bytes, from, to } of inbox.pieces()) {
      let at = from;
      while (kept > 0 && at < to) {
        cut[kept++] = bytes[at++] as number;
        if (kept >= HEADER && kept === messageLength(cut, 0)) {
          this.#message(cut, 0, kept, counts);
          kept = 0;
        }
      }
      for (; at + HEADER <= to; ) {
        const end = at + messageLength(bytes, at);
        if (end > to) break;
        this.#message(bytes, at, end, counts);
        at = end;
      }
      while (at < to) cut[kept++] = bytes[at++] as number;
    }
    if (kept > 0) this.#mistake(`the last message is cut after ${kept} octets`);
    inbox.clear();
  }

  #mistake(text: string): void {
    if (this.#mistakes.length === 0) this.#mistakes.push(text);
  }

  #message(bytes: Uint8Array, at: number, end: number, counts: Counts): void {
    const type = bytes[at + 18];
    if (type === MessageType.Notification)
      this.#mistake(`NOTIFICATION ${bytes[at + HEADER]}/${bytes[at + HEADER + 1]}`);
    this.#endsAt += end - at;
    if (type !== MessageType.Update) return;
    counts.updates++;
    const withdrawn = at + HEADER + 2;
    const attributes = withdrawn + u16(bytes, withdrawn - 2) + 2;
    const nlri = attributes + u16(bytes, attributes - 2);
    const length = attributes < nlri ? pathLength(bytes, attributes, nlri, this.#as) : 0;
    counts.withdrawn += this.#prefixes4(bytes, withdrawn, attributes - 2, 0);
    counts.announced += this.#prefixes4(bytes, nlri, end, length);
    if (this.#ipv6) this.#attributes6(bytes, attributes, nlri, length, counts);
  }

  /** RFC 4760 3 and 4: address family, next hop, one reserved octet, prefixes; or address family, prefixes. */
  #attributes6(bytes: Uint8Array, at: number, end: number, length: number, counts: Counts): void {
    const attribute = this.#attribute;
    while (at < end) {
      at = attribute.read(bytes, at);
      const { type, from, to } = attribute;
      if (type === MP_REACH)
        counts.announced += this.#prefixes6(bytes, from + 5 + (bytes[from + 3] as number), to, length);
      if (type === MP_UNREACH) counts.withdrawn += this.#prefixes6(bytes, from + 3, to, 0);
    }
  }

  #prefixes4(bytes: Uint8Array, at: number, end: number, length: number): number {
    const { lengths } = this;
    const numbers = this.#numbers;
    const watch = this.#watch;
    let count = 0;
    while (at < end) {
      const bits = bytes[at] as number;
      const number = numbers.find4(bytes, at);
      watch?.onRoute(number, length, this.#endsAt);
      if (number >= 0 && number < lengths.length) lengths[number] = length;
      else this.#mistake(`told of a prefix /${bits} that nobody announced, or that was not for it`);
      at += 1 + ((bits + 7) >> 3);
      count++;
    }
    return count;
  }

  #prefixes6(bytes: Uint8Array, at: number, end: number, length: number): number {
    let count = 0;
    while (at < end) {
      const bits = bytes[at] as number;
      const number = this.#numbers.find6(bytes, at);
      if (number >= 0 && number < this.lengths.length) this.lengths[number] = length;
      else this.#mistake(`told of an IPv6 prefix /${bits} that nobody announced, or that was not for it`);
      at += 1 + ((bits + 7) >> 3);
      count++;
    }
    return count;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

const messageLength = (bytes: Uint8Array, at: number): number => u16(bytes, at + 16);
