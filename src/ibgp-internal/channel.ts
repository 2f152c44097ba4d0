/**
 * The channel to one sibling: the fabric ring and, when it is full, records that lag behind in the outbox of all channels and,
 * when that is full or a sign has to stand behind them, the set of prefixes that wait. All together are first in, first out;
 * nothing is ever dropped, and in the sets a prefix waits once (I4).
 *
 *   outbox ─→ [ pending … marker ] [ pending … marker ] [ pending … ] ─→ ring ─→ sibling
 *               a prefix is merged only with one behind the last marker
 *
 * Record: (PrefixId, hint): look again at this prefix; hint is the session + 1 that alone changed, 0: look at
 * all. Marker: (-1, graft): everything that I was told before, I have told you. Question: (-2, graft): put an answer
 * behind all that you have to tell me. Answer: (-3, graft).
 */
import type { Fabric } from '../fabric/fabric.ts';
import { FifoSet } from '../fabric/fifo-set.ts';
import type { RecordRing } from '../fabric/record-ring.ts';
import { ALL } from './interest.ts';
import type { Outbox } from './outbox.ts';

export const MARKER = -1;
export const QUESTION = -2;
export const ANSWER = -3;

/** Ids whose hints stand in one page. */
const PAGE_BITS = 10;

/** Prefixes that wait, with their hints; closed by a marker, or by a question or an answer. */
class Segment {
  readonly ids = new FifoSet();
  /** By PrefixId, of those that wait; pages exist when touched. */
  readonly #hints: (Int32Array | undefined)[] = [];
  /** MARKER, QUESTION or ANSWER when one stands behind these prefixes, and its word; 0: still open. */
  closedBy = 0;
  word = 0;

  add(id: number, hint: number): void {
    const page = (this.#hints[id >>> PAGE_BITS] ??= new Int32Array(1 << PAGE_BITS));
    const at = id & ((1 << PAGE_BITS) - 1);
    if (this.ids.add(id)) page[at] = hint;
    else if (page[at] !== hint) page[at] = 0;
  }

  hintOf(id: number): number {
    return this.#hints[id >>> PAGE_BITS]?.[id & ((1 << PAGE_BITS) - 1)] ?? 0;
  }
}

export class SiblingChannel {
  readonly sibling: number;
  readonly #ring: RecordRing;
  readonly #fabric: Fabric;
  readonly #outbox: Outbox;
  /** Records of the outbox that are in here already. */
  #taken = 0;
  readonly #segments: Segment[] = [];
  /** How many segments there are: most of the time none, and then nobody has to look at them. */
  #waiting = 0;

  constructor(fabric: Fabric, from: number, to: number, outbox: Outbox) {
    this.sibling = to;
    this.#fabric = fabric;
    this.#outbox = outbox;
    this.#ring = fabric.ringBetween(from, to);
  }

  /** Not all of the outbox is in the ring, or in a set. */
  get lags(): boolean {
    return this.#taken < this.#outbox.count;
  }

  /** What the outbox still holds for the sibling waits in a set; it can be emptied then. */
  takeAll(): void {
    this.#outbox.sort();
    this.#take();
    if (this.lags) this.#wait();
  }

  /** The outbox is emptied now. */
  emptied(): void {
    this.#taken = 0;
  }

  /** Puts a marker, a question or an answer behind all that is pending. */
  put(kind: typeof MARKER | typeof QUESTION | typeof ANSWER, word: number): void {
    this.takeAll();
    if (this.#waiting === 0 && this.#ring.claim(kind, word)) return;
    const last = this.#open();
    last.closedBy = kind;
    last.word = word;
  }

  /** Moves what is pending into the ring as far as there is room, publishes, and wakes the sibling. */
  flush(): void {
    while (this.#waiting > 0 && this.#flushSegment(this.#segments[0] as Segment)) {
      this.#segments.shift();
      this.#waiting--;
    }
    this.#take();
    if (this.#ring.publish()) this.#fabric.bells.ring(this.sibling);
  }

  get pending(): number {
    let size = this.#outbox.count - this.#taken;
    if (this.#waiting === 0) return size;
    for (const segment of this.#segments) size += segment.ids.size + (segment.closedBy === 0 ? 0 : 1);
    return size;
  }

  /** What waits in a set goes first. */
  #take(): void {
    if (this.#waiting > 0) return;
    if (this.#interest !== ALL) this.#takeWhatConcerns(this.#interest);
    else this.#taken += this.#ring.claimAll(this.#outbox.words, this.#taken, this.#outbox.count);
  }

  get #interest(): number {
    return this.#outbox.interests[this.sibling] as number;
  }

  /** What the sibling has no interest in is not for it. */
  #takeWhatConcerns(interest: number): void {
    const { words, marks, count, concerning } = this.#outbox;
    let i = this.#taken;
    for (; i < concerning; i++) {
      if (((marks[i] as number) & interest) === 0) continue;
      if (!this.#ring.claim(words[2 * i] as number, words[2 * i + 1] as number)) break;
    }
    this.#taken = i >= concerning ? count : i;
  }

  #wait(): void {
    const { words, marks, count } = this.#outbox;
    const interest = this.#interest;
    const last = this.#open();
    for (let i = this.#taken; i < count; i++) {
      if (interest !== ALL && ((marks[i] as number) & interest) === 0) continue;
      last.add(words[2 * i] as number, words[2 * i + 1] as number);
    }
    this.#taken = count;
  }

  /** The segment that takes what comes. */
  #open(): Segment {
    let last = this.#waiting === 0 ? undefined : this.#segments[this.#waiting - 1];
    if (last === undefined || last.closedBy !== 0) {
      this.#segments.push((last = new Segment()));
      this.#waiting++;
    }
    return last;
  }

  #flushSegment(segment: Segment): boolean {
    while (segment.ids.size > 0) {
      const id = segment.ids.at(0);
      if (!this.#ring.claim(id, segment.hintOf(id))) return false;
      segment.ids.shift();
    }
    return segment.closedBy === 0 || this.#ring.claim(segment.closedBy, segment.word);
  }
}
