/**
 * Everything that the demonstration opens, and how it is put away again: in the order that lets the router say
 * goodbye to its neighbours while they still listen.
 */
import { writeFileSync } from 'node:fs';
import { OperationError } from '../../chassis/operations.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { Box, exitText } from './box/box.ts';
import { CAST, configurationText } from './cast.ts';
import { FeedMaker, type Scripts } from './feeds/feeds.ts';
import { Interrupt, Interrupted } from './interrupt.ts';
import { Neighbours } from './neighbours.ts';
import type { DemoSettings } from './options.ts';
import { anyPort, type Control, chooseControl, choosePort, Folder } from './places.ts';
import { Screen } from './screen.ts';

const SEED = 1;
/** NOTIFICATION code 6, Cease (RFC 4271 6.7). */
const CEASE = '6/';
/** How the chassis begins to say that a port is taken. */
const CANNOT_LISTEN = 'cannot listen';

export class Stage {
  readonly settings: DemoSettings;
  readonly screen: Screen;
  readonly interrupt: Interrupt;
  readonly folder = new Folder();
  readonly startedAt = performance.now();
  #maker: FeedMaker | undefined;
  #box: Box | undefined;
  #neighbours: Neighbours | undefined;
  #secondPort: number | undefined;

  constructor(settings: DemoSettings, terminal: Terminal) {
    this.settings = settings;
    this.screen = new Screen(terminal);
    this.interrupt = new Interrupt(
      (signal) => this.#onSignal(signal),
      () => this.#hurry(),
    );
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  get box(): Box {
    if (this.#box === undefined) throw new Interrupted();
    return this.#box;
  }

  get neighbours(): Neighbours {
    if (this.#neighbours === undefined) throw new Interrupted();
    return this.#neighbours;
  }

  /** What is in the way is said before the long work begins. */
  async choosePlaces(): Promise<{ control: Control; port: number }> {
    const control = await this.interrupt.guard(chooseControl(this.screen.terminal.env, this.folder));
    const port = await this.interrupt.guard(choosePort(this.settings.port));
    return { control, port };
  }

  async makeScripts(): Promise<Scripts> {
    const { mrt, prefixes, rate } = this.settings;
    this.#maker = new FeedMaker({ seed: SEED, mrt, prefixes, rate }, (text, done, of) =>
      this.screen.progress(text, done, of),
    );
    const made = await this.interrupt.guard(this.#maker.made);
    this.screen.show([]);
    return made;
  }

  /** The router, and the port that it listens at: another one, if somebody was faster than we. */
  async startBox(port: number, control: Control): Promise<{ box: Box; port: number }> {
    const box = this.#newBox(port, control);
    try {
      await this.interrupt.guard(box.ready);
      this.interrupt.failing(box.lost);
      return { box, port };
    } catch (error) {
      const taken = error instanceof OperationError && error.message.startsWith(CANNOT_LISTEN);
      if (!taken || this.settings.port !== undefined || port === this.#secondPort) throw error;
      await box.stop();
      this.#secondPort = await anyPort();
      return this.startBox(this.#secondPort, control);
    }
  }

  #newBox(port: number, control: Control): Box {
    const file = this.folder.file('graftd.yaml');
    const state = this.folder.file('graftd.db');
    writeFileSync(file, configurationText(this.settings, { port, control: control.path, state }));
    this.#box = new Box(file, control.path, this.folder.file('chassis.log'));
    return this.#box;
  }

  async startNeighbours(port: number): Promise<Neighbours> {
    this.#neighbours = new Neighbours();
    const up = (sessions: number): void =>
      this.screen.progress(`${sessions} of ${CAST.length} sessions Established`, sessions, CAST.length);
    await this.interrupt.guard(this.#neighbours.start(port, up));
    this.screen.show([]);
    return this.#neighbours;
  }

  /** Ends everything; `failed` keeps the folder with the router's log. True if the router ended well. */
  async end(failed: boolean): Promise<boolean> {
    this.screen.show([]);
    await this.#maker?.stop();
    const clean = this.#box === undefined || (await this.#endBox(this.#box, failed));
    await this.#neighbours?.close();
    this.folder.keep = !clean;
    if (this.folder.keep)
      this.screen.say(`The configuration and the log of the router are in ${this.folder.path}`);
    this.folder.remove();
    this.interrupt.release();
    this.screen.end();
    return clean;
  }

  async #endBox(box: Box, failed: boolean): Promise<boolean> {
    const cease = this.#neighbours === undefined ? '' : ': a Cease to every neighbour';
    if (!failed) this.screen.say(`Ending${cease} …`);
    const status = await box.stop();
    if (failed) return false;
    const stats = await this.#neighbours?.stats().catch(() => []);
    const told = (stats ?? []).filter(({ lastNotification }) => lastNotification.startsWith(CEASE)).length;
    const neighbours = told === 0 ? '' : `; ${told} of ${CAST.length} neighbours got their Cease`;
    this.screen.say(`The router ended with ${exitText(status)}${neighbours}.`);
    return status === 0;
  }

  #onSignal(signal: string): void {
    // A terminal that is closed takes nothing any more.
    if (signal === 'SIGHUP') this.screen.mute();
  }

  /** A second Ctrl-C. */
  #hurry(): void {
    this.#box?.kill();
    this.screen.end();
    process.exit(130);
  }
}
