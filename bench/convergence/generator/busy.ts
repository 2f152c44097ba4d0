/**
 * Single changes while another neighbour announces a whole table. Their arrival is not seen while the clock runs, since
 * nobody looks at what comes: the time of every read is noted, and afterwards each change is found in the stream.
 */
import type { Single } from './announcements.ts';
import type { Watch } from './held.ts';
import type { Session } from './session.ts';

/** Milliseconds between two changes; more when timers are late. */
const EVERY = 3;
/** The AS_PATH of a single change as it comes: the daemon's AS and the sender's. No path of a table is so short. */
const SHORT = 2;

interface Change {
  readonly sentAt: number;
  readonly latency: number;
}

export class BusyChanges implements Watch {
  readonly watched: Session;
  /** When each was sent, by number of its prefix. */
  readonly #sentAt = new Map<number, number>();
  /** So many bytes of the phase had come by then. */
  readonly #upTo: number[] = [];
  readonly #at: number[] = [];
  readonly #found: Change[] = [];
  /** Where the last route of the table ends in the stream. */
  #tableEnds = 0;

  constructor(watched: Session) {
    this.watched = watched;
    watched.onChange = (now) => {
      this.#upTo.push(watched.bytesReceived);
      this.#at.push(now);
    };
  }

  async send(from: Session, singles: readonly Single[], rows: Uint32Array): Promise<void> {
    for (const { bytes, at } of singles) {
      await new Promise((resolve) => setTimeout(resolve, EVERY));
      this.#sentAt.set(rows[at] as number, performance.now());
      from.send(bytes);
    }
  }

  onRoute(number: number, pathLength: number, endsAt: number): void {
    if (pathLength !== SHORT) this.#tableEnds = endsAt;
    const sentAt = this.#sentAt.get(number);
    if (pathLength !== SHORT || sentAt === undefined) return;
    this.#sentAt.delete(number);
    this.#found.push({ sentAt, latency: this.#timeOf(endsAt) - sentAt });
  }

  /** Microseconds of all changes that were sent while the table had not arrived yet; nothing is noted from now on. */
  finish(): number[] {
    this.watched.onChange = undefined;
    const until = this.#timeOf(this.#tableEnds);
    return this.#found.flatMap(({ sentAt, latency }) => (sentAt < until ? [latency * 1000] : []));
  }

  /** When this place of the stream had been read. */
  #timeOf(endsAt: number): number {
    let low = 0;
    for (let high = this.#upTo.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#upTo[middle] as number) >= endsAt) high = middle;
      else low = middle + 1;
    }
    return this.#at[low] ?? 0;
  }
}
