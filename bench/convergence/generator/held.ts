/**
 * What a neighbour holds after all that it was told: the AS_PATH length of every prefix, one octet each, and how
 * many messages it took to say so. Reads inboxes when the clock has stopped.
 */
import { MessageType } from '../../../src/bgp/message.ts';
import { prefix4Address } from '../../../src/bgp/nlri.ts';
import type { PrefixIndex } from '../../../src/lab/prefix-index.ts';
import type { Inbox } from './inbox.ts';
import { pathLength } from './path-length.ts';

const HEADER = 19;
const LONGEST_MESSAGE = 4096;

export interface Counts {
  updates: number;
  announced: number;
  withdrawn: number;
}

export class Held {
  /** By number of the prefix; 0: no usable route. */
  readonly lengths: Uint8Array;
  /** What must not happen, in words. */
  readonly mistakes: string[] = [];
  readonly #index: PrefixIndex;
  readonly #as: number;

  constructor(index: PrefixIndex, as: number) {
    this.#index = index;
    this.#as = as;
    this.lengths = new Uint8Array(index.count);
  }

  /** Reads all messages of an inbox; a message may begin in one slab and end in the next. */
  read(inbox: Inbox, counts: Counts): void {
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
    if (kept > 0) this.mistakes.push(`the last message is cut after ${kept} octets`);
    inbox.clear();
  }

  #message(bytes: Uint8Array, at: number, end: number, counts: Counts): void {
    const type = bytes[at + 18];
    if (type === MessageType.Notification)
      this.mistakes.push(`NOTIFICATION ${bytes[at + HEADER]}/${bytes[at + HEADER + 1]}`);
    if (type !== MessageType.Update) return;
    counts.updates++;
    const withdrawn = at + HEADER + 2;
    const attributes = withdrawn + u16(bytes, withdrawn - 2) + 2;
    const nlri = attributes + u16(bytes, attributes - 2);
    if (withdrawn < attributes - 2) counts.withdrawn += this.#prefixes(bytes, withdrawn, attributes - 2, 0);
    if (nlri < end)
      counts.announced += this.#prefixes(bytes, nlri, end, pathLength(bytes, attributes, nlri, this.#as));
  }

  #prefixes(bytes: Uint8Array, at: number, end: number, length: number): number {
    const { lengths } = this;
    const index = this.#index;
    let count = 0;
    while (at < end) {
      const bits = bytes[at] as number;
      const row = index.find(bits, prefix4Address(bytes, at));
      if (row >= 0) lengths[row] = length;
      else this.mistakes.push(`a prefix /${bits} that nobody announced`);
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
