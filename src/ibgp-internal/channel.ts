/**
 * The channel to one sibling: the fabric ring and, when it is full, the set of prefixes that wait behind it.
 * Both together are first in, first out; nothing is ever dropped, and a prefix waits once (I4).
 *
 *   send ─→ [ pending … marker ] [ pending … marker ] [ pending … ] ─→ ring ─→ sibling
 *             a prefix is merged only with one behind the last marker
 *
 * Record: (PrefixId, hint): look again at this prefix; hint is the session + 1 that alone changed, 0: look at
 * all. Marker: (-1, graft): everything that I was told before, I have told you. Question: (-2, graft): put an answer
 * behind all that you have to tell me. Answer: (-3, graft).
 */
import type { Fabric } from '../fabric/fabric.ts';
import { FifoSet } from '../fabric/fifo-set.ts';
import type { RecordRing } from '../fabric/record-ring.ts';

export const MARKER = -1;
export const QUESTION = -2;
export const ANSWER = -3;

/** Prefixes that wait, with their hints; closed by a marker, or by a question or an answer. */
class Segment {
  readonly ids = new FifoSet();
  readonly #hints = new Map<number, number>();
  /** MARKER, QUESTION or ANSWER when one stands behind these prefixes, and its word; 0: still open. */
  closedBy = 0;
  word = 0;

  add(id: number, hint: number): boolean {
    if (this.ids.add(id)) {
      this.#hints.set(id, hint);
      return true;
    }
    if (this.#hints.get(id) !== hint) this.#hints.set(id, 0);
    return false;
  }

  hintOf(id: number): number {
    return this.#hints.get(id) ?? 0;
  }

  /** Takes out the oldest one. */
  shift(): void {
    this.#hints.delete(this.ids.shift());
  }
}

export class SiblingChannel {
  readonly sibling: number;
  readonly #ring: RecordRing;
  readonly #fabric: Fabric;
  #segments: Segment[] = [];
  recordsMerged = 0;

  constructor(fabric: Fabric, from: number, to: number) {
    this.sibling = to;
    this.#fabric = fabric;
    this.#ring = fabric.ringBetween(from, to);
  }

  /** Tells the sibling to look again at a prefix. */
  send(id: number, hint: number): void {
    if (this.#segments.length === 0 && this.#ring.claim(id, hint)) return;
    let last = this.#segments.at(-1);
    if (last === undefined || last.closedBy !== 0) this.#segments.push((last = new Segment()));
    if (!last.add(id, hint)) this.recordsMerged++;
  }

  /** Puts a marker, a question or an answer behind all that is pending. */
  put(kind: typeof MARKER | typeof QUESTION | typeof ANSWER, word: number): void {
    if (this.#segments.length === 0 && this.#ring.claim(kind, word)) return;
    let last = this.#segments.at(-1);
    if (last === undefined || last.closedBy !== 0) this.#segments.push((last = new Segment()));
    last.closedBy = kind;
    last.word = word;
  }

  /** Moves what is pending into the ring as far as there is room, publishes, and wakes the sibling. */
  flush(): void {
    while (this.#segments.length > 0 && this.#flushSegment(this.#segments[0] as Segment))
      this.#segments.shift();
    if (this.#ring.publish()) this.#fabric.bells.ring(this.sibling);
  }

  get pending(): number {
    let size = 0;
    for (const segment of this.#segments) size += segment.ids.size + (segment.closedBy === 0 ? 0 : 1);
    return size;
  }

  #flushSegment(segment: Segment): boolean {
    while (segment.ids.size > 0) {
      const id = segment.ids.at(0);
      if (!this.#ring.claim(id, segment.hintOf(id))) return false;
      segment.shift();
    }
    return segment.closedBy === 0 || this.#ring.claim(segment.closedBy, segment.word);
  }
}
