/**
 * What a speaker has to send: feeds one after another, each at full speed or at a rate, some round and
 * round. It hands out slices of feeds that end between messages; it knows no socket and no timer.
 *
 * It remembers what was sent, so that all of it can be said again when the session comes back or the
 * neighbour asks for a refresh: repeating every message in order ends in the same table.
 */
import type { Feed } from './feed.ts';

export interface SendOptions {
  /** UPDATE messages per second; without it as fast as the connection takes them. */
  readonly rate?: number;
  /** Sends the feed again and again until `stop`. */
  readonly loop?: boolean;
}

interface Job {
  readonly feed: Feed;
  readonly loop: boolean;
  rate: number;
  /** Message to send next. */
  next: number;
  /** Finish this round, and then end. */
  last: boolean;
  /** Time since when the rate is kept (-1: from the next slice on), and messages since then. */
  since: number;
  sinceSent: number;
  readonly done: () => void;
}

/** A slice of a feed, or how long to wait for one. */
export interface Slice {
  readonly bytes: Uint8Array;
  readonly messages: number;
}

/** The most that one write takes: large enough for the kernel, small enough for KEEPALIVEs in between. */
const SLICE = 256 * 1024;

export class Outbox {
  messagesSent = 0;
  readonly #jobs: Job[] = [];
  /** Feeds sent so far, and how much of each. */
  readonly #history: { feed: Feed; upTo: number }[] = [];
  /** What is said again before anything new. */
  #again: { feed: Feed; next: number; upTo: number }[] = [];

  /** Messages that wait, those of a loop's round included. */
  get waiting(): number {
    const again = this.#again.reduce((sum, { next, upTo }) => sum + upTo - next, 0);
    return this.#jobs.reduce((sum, { feed, next }) => sum + feed.messages - next, again);
  }

  add(feed: Feed, options: SendOptions, done: () => void): void {
    const { rate = Number.POSITIVE_INFINITY, loop = false } = options;
    this.#jobs.push({ feed, loop, rate, next: 0, last: false, since: -1, sinceSent: 0, done });
  }

  /** Changes the rate of what is being sent now. */
  setRate(rate: number): void {
    const job = this.#jobs[0];
    if (job === undefined) return;
    job.rate = rate;
    job.since = -1;
  }

  /** Ends loops at the end of their round. */
  stopLoops(): void {
    for (const job of this.#jobs) job.last = true;
  }

  /** Everything that was sent will be sent again, before anything else. */
  replay(): void {
    this.#again = this.#history.map(({ feed, upTo }) => ({ feed, next: 0, upTo }));
    for (const job of this.#jobs) job.since = -1;
  }

  /** Nothing more will be sent: whoever waits for it waits no longer. */
  abandon(): void {
    this.#again = [];
    for (const job of this.#jobs.splice(0)) job.done();
  }

  /** The next slice, or the milliseconds until there is one, or undefined with nothing to send. */
  take(now: number): Slice | number | undefined {
    const again = this.#again[0];
    if (again !== undefined) {
      const end = sliceEnd(again.feed, again.next, again.upTo);
      const slice = cut(again.feed, again.next, end);
      again.next = end;
      if (end === again.upTo) this.#again.shift();
      this.messagesSent += slice.messages;
      return slice;
    }
    const job = this.#jobs[0];
    if (job === undefined) return undefined;
    if (job.feed.messages === 0) return this.#end(job, now);
    if (job.since < 0) {
      job.since = now;
      job.sinceSent = 0;
    }
    const allowed = this.#allowed(job, now);
    if (allowed < 1)
      return Math.max(1, Math.ceil(((job.sinceSent + 1) / job.rate) * 1000 - (now - job.since)));
    const end = sliceEnd(job.feed, job.next, Math.min(job.feed.messages, job.next + allowed));
    const slice = cut(job.feed, job.next, end);
    job.next = end;
    job.sinceSent += slice.messages;
    this.messagesSent += slice.messages;
    this.#remember(job);
    if (end === job.feed.messages) this.#round(job);
    return slice;
  }

  #allowed(job: Job, now: number): number {
    if (job.rate === Number.POSITIVE_INFINITY) return job.feed.messages;
    return Math.floor(((now - job.since) * job.rate) / 1000) - job.sinceSent;
  }

  #round(job: Job): void {
    if (job.loop && !job.last) job.next = 0;
    else {
      this.#jobs.shift();
      job.done();
    }
  }

  #end(job: Job, now: number): Slice | number | undefined {
    this.#jobs.shift();
    job.done();
    return this.take(now);
  }

  /** A feed that was sent as a whole stands once, however often it went round. */
  #remember(job: Job): void {
    const last = this.#history.at(-1);
    const before = this.#history.at(-2);
    if (last?.feed !== job.feed || (last.upTo === job.feed.messages && job.next < last.upTo)) {
      this.#history.push({ feed: job.feed, upTo: job.next });
      return;
    }
    last.upTo = job.next;
    if (job.next === job.feed.messages && before?.feed === job.feed) this.#history.pop();
  }
}

/** The last message boundary within SLICE octets, at least one message further. */
function sliceEnd(feed: Feed, from: number, to: number): number {
  const { offsets } = feed;
  const limit = (offsets[from] as number) + SLICE;
  if ((offsets[to] as number) <= limit) return to;
  let low = from + 1;
  for (let high = to; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] as number) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function cut(feed: Feed, from: number, to: number): Slice {
  return {
    bytes: feed.bytes.subarray(feed.offsets[from] as number, feed.offsets[to] as number),
    messages: to - from,
  };
}
