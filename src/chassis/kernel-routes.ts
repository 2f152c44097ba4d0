/**
 * The kernel's routes as `ip` of iproute2 tells them: all of them at the start, and again shortly after it says that
 * something changed. Routes that BGP put there are left out: a next hop is not resolved by what depends on it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { UNREACHABLE } from '../fabric/next-hops.ts';
import { type Way, wayTo } from './ways.ts';

/** Milliseconds from the first change to reading all again; and between attempts. */
const SETTLE = 100;
const AGAIN = 5000;
/** All are read again after so long in any case. */
const AT_LEAST = 60_000;

interface RouteJson {
  readonly dst: string;
  readonly type?: string;
  readonly protocol?: string;
  readonly metric?: number;
}

const NO_WAY: readonly string[] = ['unreachable', 'blackhole', 'prohibit', 'throw'];
/** As rt_protos names and numbers them. */
const BY_BGP: readonly string[] = ['bgp', '186'];

export class KernelRoutes {
  ways: readonly Way[] = [];
  readonly #changed: () => void;
  readonly #tell: (text: string) => void;
  #monitor: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #running = false;
  #reading = false;
  /** Something changed since the reading began. */
  #stale = false;
  #silent = false;

  constructor(changed: () => void, tell: (text: string) => void) {
    this.#changed = changed;
    this.#tell = tell;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#watch();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    clearInterval(this.#again);
    this.#timer = this.#again = undefined;
    this.#monitor?.kill();
    this.#monitor = undefined;
    this.ways = [];
  }

  #watch(): void {
    const monitor: ChildProcess = spawn('ip', ['monitor', 'route'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const again = (): void => {
      if (this.#monitor !== monitor) return;
      this.#monitor = undefined;
      // There may be another one by then: it was stopped and started.
      setTimeout(() => this.#running && this.#monitor === undefined && this.#watch(), AGAIN).unref();
    };
    this.#monitor = monitor;
    // `?.`, although its type says that it is there: where no file descriptors are left it is not.
    monitor.stdout?.on('data', () => this.#schedule(SETTLE));
    monitor.on('error', (error: NodeJS.ErrnoException) => {
      this.#trouble(error.message);
      if (error.code !== 'ENOENT') again();
    });
    monitor.once('exit', again);
    monitor.unref();
    // What changes before the monitor listens is not told; and whoever loses a word of it does not stay wrong.
    for (const after of [0, 300, 1000]) setTimeout(() => this.#schedule(0), after).unref();
    this.#again ??= setInterval(() => this.#schedule(0), AT_LEAST).unref();
  }

  #schedule(after: number): void {
    if (this.#timer !== undefined || !this.#running) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#read();
    }, after);
    this.#timer.unref();
  }

  /** One reading after the other: an older one must not come in last. */
  async #read(): Promise<void> {
    if (this.#reading) {
      this.#stale = true;
      return;
    }
    this.#reading = true;
    this.#stale = false;
    await this.#readAll();
    this.#reading = false;
    if (this.#stale) this.#schedule(0);
  }

  async #readAll(): Promise<void> {
    try {
      const texts = await Promise.all(['-4', '-6'].map(readRoutes));
      if (!this.#running) return;
      this.ways = texts.flatMap(([text, any]) => waysOf(JSON.parse(text || '[]') as RouteJson[], any));
      this.#changed();
    } catch (error) {
      this.#trouble((error as Error).message);
    }
  }

  /** Says so once, and tries again later; until then the routes that were read last hold. */
  #trouble(why: string): void {
    if (!this.#silent) this.#tell(`warning: cannot read the kernel's routes: ${why.split('\n', 1)[0]}`);
    this.#silent = true;
    this.#schedule(AGAIN);
  }
}

/** The routes of a family as JSON, and what `default` means there. */
function readRoutes(family: string): Promise<[text: string, any: string]> {
  return new Promise((resolve, reject) => {
    execFile('ip', ['-j', family, 'route', 'show', 'table', 'main'], { maxBuffer: 1 << 30 }, (error, out) => {
      if (error === null) resolve([out, family === '-4' ? '0.0.0.0/0' : '::/0']);
      else reject(error);
    });
  });
}

export function waysOf(routes: readonly RouteJson[], any: string): Way[] {
  return routes.flatMap(({ dst, type = 'unicast', protocol = '', metric = 0 }) => {
    if (BY_BGP.includes(protocol)) return [];
    const host = any === '::/0' ? '/128' : '/32';
    const prefix = dst === 'default' ? any : dst.includes('/') ? dst : dst + host;
    return wayTo(prefix, NO_WAY.includes(type) ? UNREACHABLE : metric) ?? [];
  });
}
