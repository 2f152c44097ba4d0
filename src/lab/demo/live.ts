/** The live summary, about once a second: a block on a terminal, a line now and then in a pipe. */
import type { SpeakerStats } from '../speaker.ts';
import { complaints } from './proof.ts';
import type { Stage } from './stage.ts';
import { type Story, summaryLine, summaryLines } from './summary.ts';
import { type View, Watch } from './watch.ts';

/** Milliseconds. */
const BEAT = 1000;
const LINE_BEAT = 10_000;

export class Live {
  /** What happens now. */
  now = '';
  /** Grafts made by the demonstration and by whoever else. */
  grafts = 0;
  view: View | undefined;
  readonly #stage: Stage;
  readonly #watch: Watch;
  /** What neighbours had counted when the watch began. */
  readonly #since: readonly SpeakerStats[];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<unknown> = Promise.resolve();
  #ended = false;
  #lineAt = performance.now();

  constructor(stage: Stage, since: readonly SpeakerStats[]) {
    this.#stage = stage;
    this.#since = since;
    this.#watch = new Watch(stage.box, stage.neighbours);
  }

  start(): void {
    this.#beat();
  }

  /** What is so now, newer than the last beat. */
  async look(): Promise<View> {
    this.view = await this.#stage.interrupt.guard(this.#watch.look());
    return this.view;
  }

  /** The block goes; what is under way is waited for. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#looking;
    this.#stage.screen.show([]);
  }

  #beat(): void {
    // A look that fails: the box or a thread is gone, which is told where that is waited for.
    this.#looking = this.#look().catch(() => {});
    void this.#looking.then(() => {
      if (!this.#ended) this.#timer = setTimeout(() => this.#beat(), BEAT);
    });
  }

  async #look(): Promise<void> {
    const { screen, seconds } = this.#stage;
    const view = await this.look();
    if (this.#ended) return;
    const noticed = complaints(this.#since, view.stats);
    const story: Story = { seconds, grafts: this.grafts, complaints: noticed, now: this.now };
    if (screen.live) screen.show(summaryLines(view, story, screen.terminal));
    else if (performance.now() - this.#lineAt > LINE_BEAT) {
      this.#lineAt = performance.now();
      screen.say(summaryLine(view, story));
    }
  }
}
