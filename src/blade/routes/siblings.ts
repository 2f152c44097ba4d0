/**
 * What a blade and its siblings tell each other (src/ibgp-internal): the channel to each, with one outbox for all of them, and the ring from each.
 *
 * Owns the write side of the rings to the siblings and the read side of those from them, and the word that says who is told. Records of
 * prefixes go on to `routes.ts`; what else a sibling says (markers, questions, answers) stands between them, and is heard in that order.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { BLADE_WORD } from '../../fabric/layout.ts';
import type { RecordRing } from '../../fabric/record-ring.ts';
import { ANSWER, MARKER, QUESTION, SiblingChannel } from '../../ibgp-internal/channel.ts';
import { Outbox } from '../../ibgp-internal/outbox.ts';

/** Records that are taken together. */
const SOME = 256;
/** And so many of one sibling between two looks at the time. */
const MANY = 1024;

/** A sibling that tells no more than this at once, and than an eighth of what a ring holds, is not in the middle of a flood. */
const FEW = 64;

export interface SiblingsListener {
  /** A sibling's marker came, behind everything that it told before. */
  onMarker(sibling: number, marker: number): void;
  /** A sibling's answer came, behind everything that it had to tell when it was asked. */
  onAnswer(sibling: number, word: number): void;
}

/** Takes the first `count` of these, in their order; negative ids are for `onSign`. */
type TakeRecords = (sibling: number, ids: Int32Array, hints: Int32Array, count: number) => void;

/** What a sibling tells. */
interface Incoming {
  readonly sibling: number;
  readonly ring: RecordRing;
}

export class Siblings {
  readonly channels: SiblingChannel[] = [];
  recordsReceived = 0;
  /** While records are taken: those of a sibling that has little to tell. */
  fewWait = false;
  readonly #fabric: Fabric;
  readonly #blade: number;
  readonly #listener: SiblingsListener;
  /** What is to be told to all of `channels`. */
  readonly #outbox: Outbox;
  readonly #incoming: Incoming[] = [];
  readonly #few: number;
  #blades = 0;
  /** The sibling whose records are taken first. */
  #next = 0;
  // Records being taken.
  readonly #ids = new Int32Array(SOME);
  readonly #hints = new Int32Array(SOME);

  constructor(fabric: Fabric, blade: number, listener: SiblingsListener) {
    this.#fabric = fabric;
    this.#blade = blade;
    this.#listener = listener;
    this.#few = Math.min(FEW, fabric.options.ringRecords >> 3);
    this.#outbox = new Outbox(fabric, blade);
  }

  /** The box has no other blade. */
  get alone(): boolean {
    return this.#blades === 1;
  }

  /** Nobody is told anything. */
  get none(): boolean {
    return this.channels.length === 0;
  }

  /** They come and go: whoever is there is told of what changes from now on, and whoever is not, no more. */
  meet(): void {
    const fabric = this.#fabric;
    if (fabric.blades === this.#blades) return;
    this.#blades = fabric.blades;
    this.#outbox.blades = this.#blades;
    const { channels } = this;
    while (channels.length > 0 && (channels.at(-1) as SiblingChannel).sibling >= this.#blades) channels.pop();
    this.#incoming.length = channels.length;
    for (let sibling = (channels.at(-1)?.sibling ?? -1) + 1; sibling < this.#blades; sibling++) {
      if (sibling === this.#blade) continue;
      channels.push(new SiblingChannel(fabric, this.#blade, sibling, this.#outbox));
      this.#incoming.push({ sibling, ring: fabric.ringBetween(sibling, this.#blade) });
    }
    fabric.setBladeWord(this.#blade, BLADE_WORD.tells, this.#blades);
  }

  channelTo(sibling: number): SiblingChannel {
    return this.channels.find((channel) => channel.sibling === sibling) as SiblingChannel;
  }

  /** Only records that a sibling has an interest in are sent, so those that are waiting are sorted out before they are counted. */
  get recordsSent(): number {
    this.#outbox.sort();
    return this.#outbox.sent;
  }

  /**
   * Takes records from the siblings, at most so many from each; true when more wait. When it is late, those of the others have their turn
   * first the next time: what siblings send may be more than a turn has time for.
   */
  takeRecords(budget: number, late: () => boolean, take: TakeRecords): boolean {
    let more = false;
    const { length } = this.#incoming;
    for (let i = 0; i < length; i++) {
      const at = (this.#next + i) % length;
      const { sibling, ring } = this.#incoming[at] as Incoming;
      const waiting = ring.waiting();
      if (waiting === 0) continue;
      const allowed = Math.min(waiting, budget);
      this.fewWait = waiting <= this.#few;
      let taken = 0;
      do {
        const some = Math.min(allowed - taken, SOME);
        ring.takeAll(this.#ids, this.#hints, some);
        take(sibling, this.#ids, this.#hints, some);
        taken += some;
      } while (taken < allowed && (taken % MANY !== 0 || !late()));
      this.recordsReceived += taken;
      ring.release();
      if (waiting > this.#fabric.options.ringRecords >> 1) this.#fabric.bells.ring(sibling);
      if (ring.waiting() > 0) more = true;
      if (taken === allowed && (i + 1 === length || !late())) continue;
      this.#next = at + 1;
      more = true;
      break;
    }
    this.fewWait = false;
    return more;
  }

  /** What a sibling says that is about no prefix. Between two evaluations. */
  onSign(kind: number, sibling: number, word: number): void {
    if (kind === MARKER) this.#listener.onMarker(sibling, word);
    else if (kind === QUESTION) this.channelTo(sibling).put(ANSWER, word);
    else this.#listener.onAnswer(sibling, word);
  }

  /** Publishes what is to be told to the siblings; true when some of it still waits for room. */
  flush(): boolean {
    let waiting = false;
    let lags = false;
    this.#outbox.sort();
    for (const channel of this.channels) {
      channel.flush();
      if (channel.pending > 0) waiting = true;
      if (channel.lags) lags = true;
    }
    if (!lags) this.#empty();
    return waiting;
  }

  /** The siblings, if there are any, are to look again at a prefix. */
  tell(id: number, hint: number): void {
    if (this.channels.length === 0) return;
    if (this.#outbox.full) {
      for (const channel of this.channels) channel.takeAll();
      this.#empty();
    }
    this.#outbox.add(id, hint);
  }

  #empty(): void {
    this.#outbox.empty();
    for (const channel of this.channels) channel.emptied();
  }
}
