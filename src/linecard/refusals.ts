/**
 * Connections that were refused, as news for the log: the first from an address at once, those that follow as a count,
 * after a second, two, four …: who knocks without end fills no log, and nothing is left out of the count.
 */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
/** Addresses told apart; more of them are counted as one. */
const MOST = 256;
const OTHERS = 'many addresses';

interface Window {
  readonly address: string;
  readonly why: string;
  times: number;
  wait: number;
  ends: number;
}

type Tell = (address: string, why: string, times: number) => void;

export class Refusals {
  readonly #tell: Tell;
  readonly #windows = new Map<string, Window>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  note(from: string, why: string): void {
    const known = this.#windows.has(`${from} ${why}`);
    const address = known || this.#windows.size < MOST ? from : OTHERS;
    const key = `${address} ${why}`;
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.times++;
      return;
    }
    this.#tell(address, why, 1);
    const ends = performance.now() + FIRST_WAIT;
    this.#windows.set(key, { address, why, times: 0, wait: FIRST_WAIT, ends });
    this.#timer ??= setInterval(() => this.#look(), FIRST_WAIT).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const [key, window] of this.#windows) {
      if (now < window.ends) continue;
      if (window.times === 0) this.#windows.delete(key);
      else {
        this.#tell(window.address, window.why, window.times);
        window.times = 0;
        window.wait = Math.min(window.wait * 2, LONGEST_WAIT);
        window.ends = now + window.wait;
      }
    }
    if (this.#windows.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
