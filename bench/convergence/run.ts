/** One run: a fresh daemon, all sessions up, then phase after phase, each until everybody is quiet. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../support/box.ts';
import { type Case, neighboursOf } from './cases.ts';
import type { Contestant, Daemon } from './daemons/daemon.ts';
import type { GeneratorProcess } from './generator/handle.ts';
import type { Outcome, PhaseName } from './generator/messages.ts';
import { family, ProcessMeter, queuedBytes, type ThreadTime } from './processes.ts';

export interface PhaseResult {
  readonly phase: PhaseName;
  /** From the first UPDATE sent to the last change received. */
  readonly wallSeconds: number;
  /** All threads and processes of the daemon. */
  readonly cpuSeconds: number;
  /** The same by thread, those of one name together. */
  readonly threads: Readonly<Record<string, number>>;
  readonly peakMiB: number;
  /** At the end. */
  readonly residentMiB: number;
  readonly updates: number;
  /** Prefixes in them, announced and withdrawn. */
  readonly nlri: number;
  readonly bytes: number;
  readonly generatorCpuSeconds: number;
  /** Microseconds of each single change, to one receiver; and, on an idle router, to the last of all. */
  readonly latencies: readonly number[];
  readonly untilAll: readonly number[];
  /** In words; empty where everybody held what they must. */
  readonly mistakes: readonly string[];
}

export interface RunOptions {
  readonly what: Case;
  readonly phases: readonly PhaseName[];
  /** Seconds that a phase may take. */
  readonly limit: number;
  /** Seconds that nothing must have been received for, and that the daemon must have been idle. */
  readonly quiet: number;
}

/** What happened instead, of a phase that did not end. */
export interface Failure {
  readonly phase: PhaseName | 'start';
  readonly failed: string;
}

/** Milliseconds between two looks at whether all is quiet. */
const LOOK = 100;
/** Of one processor: a daemon that uses less has nothing to do. */
const IDLE = 0.05;
/** Milliseconds: no timer of a daemon that delays what it has to say is longer. */
const TIMER = 15_000;
/** Milliseconds of doing nothing in phases that are that. */
export const RESTS: Readonly<Record<string, number>> = { rest: 10_000, later: 20_000 };
/** Milliseconds for the daemon to start and for all sessions to be established. */
const PATIENCE = 60_000;

export async function run(
  generator: GeneratorProcess,
  contestant: Contestant,
  options: RunOptions,
): Promise<(PhaseResult | Failure)[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-bench-'));
  const port = await freePort();
  const { what } = options;
  const daemon = contestant.start({
    folder,
    port,
    neighbours: neighboursOf(what),
    ipv6: what.ipv6,
    policy: what.policy,
  });
  const results: (PhaseResult | Failure)[] = [];
  let phase: PhaseName | 'start' = 'start';
  try {
    const { nextHops = 'elsewhere' } = contestant;
    await generator.ask('connect', { port, patience: PATIENCE, nextHops });
    const measured = new Measured(generator, daemon, port, options);
    await measured.quiet();
    for (phase of options.phases) {
      // With one sender only, what it has withdrawn must come back before its session can be lost.
      if (phase === 'lost' && what.senders === 1) await measured.phase('again');
      results.push(await measured.phase(phase));
    }
  } catch (error) {
    const { message } = error as Error;
    results.push({ phase, failed: `${message}${daemon.ended === undefined ? '' : `; ${daemon.log()}`}` });
  } finally {
    await generator.ask('disconnect');
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

class Measured {
  readonly #generator: GeneratorProcess;
  readonly #daemon: Daemon;
  readonly #port: number;
  /** Milliseconds. */
  readonly #limit: number;
  readonly #quiet: number;
  readonly #meter: ProcessMeter;

  constructor(generator: GeneratorProcess, daemon: Daemon, port: number, options: RunOptions) {
    this.#generator = generator;
    this.#daemon = daemon;
    this.#port = port;
    this.#limit = options.limit * 1000;
    this.#quiet = options.quiet * 1000;
    this.#meter = new ProcessMeter(family(daemon.pid));
  }

  async phase(phase: PhaseName): Promise<PhaseResult> {
    const generator = this.#generator;
    this.#meter.resetPeak();
    const before = this.#meter.threads();
    await generator.ask('start', { phase });
    const rest = RESTS[phase];
    if (rest !== undefined) await new Promise((resolve) => setTimeout(resolve, rest));
    else await this.quiet();
    for (;;) {
      const threads = usedSince(before, this.#meter.threads());
      const outcome = await generator.ask('check');
      if (outcome.mistakes.length === 0 || !(await this.#moreComes(outcome.wall)))
        return this.#result(phase, outcome, threads);
      await this.quiet();
    }
  }

  #result(phase: PhaseName, outcome: Outcome, threads: Readonly<Record<string, number>>): PhaseResult {
    return {
      phase,
      wallSeconds: outcome.wall / 1000,
      cpuSeconds: Object.values(threads).reduce((sum, seconds) => sum + seconds, 0),
      threads,
      peakMiB: this.#meter.peakMiB(),
      residentMiB: this.#meter.residentMiB(),
      updates: outcome.updates,
      nlri: outcome.announced + outcome.withdrawn,
      bytes: outcome.bytes,
      generatorCpuSeconds: outcome.generatorCpu,
      latencies: outcome.latencies,
      untilAll: outcome.untilAll,
      mistakes: outcome.mistakes,
    };
  }

  /** Whether a daemon that has not said everything goes on of its own accord: it may wait for a timer. */
  async #moreComes(after: number): Promise<boolean> {
    for (const deadline = performance.now() + TIMER; performance.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      if ((await this.#generator.ask('look')).changed > after) return true;
    }
    return false;
  }

  /** Resolves when nothing was received for a while, nothing waits in between, and the daemon is idle. */
  async quiet(): Promise<void> {
    const busy: { at: number; cpu: number }[] = [];
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      const { elapsed, changed, unsent, down } = await this.#generator.ask('look');
      if (down !== undefined) throw new Error(`a session went down: ${down}`);
      if (this.#daemon.ended !== undefined) throw new Error(`the daemon ${this.#daemon.ended}`);
      const now = { at: performance.now(), cpu: this.#meter.cpuSeconds() };
      busy.push(now);
      while ((busy[1]?.at ?? now.at) < now.at - this.#quiet) busy.shift();
      const then = busy[0] as { at: number; cpu: number };
      const span = now.at - then.at;
      const idle = span >= this.#quiet && (now.cpu - then.cpu) * 1000 < IDLE * span;
      const told = unsent === 0 && elapsed - changed >= this.#quiet;
      if (idle && told && queuedBytes(this.#port) === 0) return;
      if (elapsed > this.#limit + this.#quiet) throw new Error(`> ${this.#limit / 1000} s`);
    }
  }
}

function usedSince(before: Map<number, ThreadTime>, after: Map<number, ThreadTime>): Record<string, number> {
  const used: Record<string, number> = {};
  for (const [tid, { name, seconds }] of after)
    used[name] = (used[name] ?? 0) + seconds - (before.get(tid)?.seconds ?? 0);
  return used;
}
