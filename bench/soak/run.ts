/**
 * A chassis under an endless churn of fresh prefixes and attribute sets, and what it costs in memory. One neighbour announces
 * prefixes that were never announced before and withdraws them again; another one is told all of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { entry } from '../../src/base/thread.ts';
import { type RunningChassis, startChassis } from '../../src/chassis/run.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { freePort } from '../support/box.ts';
import { type LongestTurn, longestTurn } from '../support/longest-turn.ts';
import type { SoakNews, SoakStart } from './messages.ts';

const CHURNER = { address: '127.0.4.1', as: 64_501 };
const WITNESS = { address: '127.0.4.2', as: 64_502 };

export interface SoakOptions {
  readonly prefixes: number;
  /** Prefixes that are announced at the same time. */
  readonly window: number;
  readonly blades: number;
  /** Places for IPv4 prefixes, and for attribute sets; of IPv6 a quarter. Undefined: the chassis' own. */
  readonly table?: number;
  /** A sample each time so many more were announced. */
  readonly every: number;
}

export interface SoakSample {
  readonly seconds: number;
  readonly announced: number;
  readonly residentMiB: number;
  /** Ids of prefixes of both families, of sets, and blocks of attribute bytes that are given out. */
  readonly prefixIds: number;
  readonly setIds: number;
  readonly blocks: number;
  readonly sweeps: number;
  /** Since the last sample. */
  readonly turn: LongestTurn;
  /** Of the chassis' own thread, milliseconds. */
  readonly longestSlice: number;
}

export interface SoakResult {
  readonly samples: readonly SoakSample[];
  /** Sessions that fell. */
  readonly lost: readonly string[];
  /** At the end, when all is withdrawn: routes received and advertised. */
  readonly left: number;
  /** Announcements that the witness was told: of what comes and goes at once, not all. */
  readonly told: number;
  /** Ids that came back. */
  readonly returned: { readonly prefixes: number; readonly sets: number; readonly blocks: number };
}

export async function soak(
  options: SoakOptions,
  onSample: (sample: SoakSample) => void = () => {},
): Promise<SoakResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-soak-'));
  const port = await freePort();
  const running = await startChassis(configurationOf(options, folder, port), 'soak.yaml', { quiet: true });
  const workerData = {
    port,
    churner: CHURNER,
    witness: WITNESS,
    prefixes: options.prefixes,
    window: options.window,
  } satisfies SoakStart;
  const worker = new Worker(entry(import.meta.url, './main'), { workerData });
  try {
    return await watch(options, running, worker, onSample);
  } finally {
    await worker.terminate();
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watch(
  options: SoakOptions,
  { chassis, operator }: RunningChassis,
  worker: Worker,
  onSample: (sample: SoakSample) => void,
): Promise<SoakResult> {
  const samples: SoakSample[] = [];
  const lost: string[] = [];
  const start = performance.now();
  let pending = Promise.resolve();
  const take = async (announced: number): Promise<void> => {
    const { prefixes, attributes } = chassis.fabric;
    const blades = await operator.showBlades();
    const sample = {
      seconds: (performance.now() - start) / 1000,
      announced,
      residentMiB: process.memoryUsage.rss() / 2 ** 20,
      prefixIds: prefixes.pool4.used + prefixes.pool6.used,
      setIds: attributes.pool.used,
      blocks: attributes.blocks.used,
      sweeps: chassis.sweeper.numbers.sweeps,
      turn: longestTurn(blades),
      longestSlice: chassis.sweeping.longestSlice,
    };
    chassis.sweeping.longestSlice = 0;
    samples.push(sample);
    onSample(sample);
  };
  await new Promise<void>((resolve, reject) => {
    let next = 0;
    worker.on('error', reject);
    worker.on('message', (news: SoakNews) => {
      if (news.kind === 'lost') {
        lost.push(news.who);
        resolve();
        return;
      }
      if (news.kind === 'done' || news.announced >= next) {
        next = news.announced + options.every;
        pending = pending.then(() => take(news.announced));
      }
      if (news.kind === 'done') pending.then(resolve, reject);
    });
  });
  const left = (): number =>
    chassis.sessions.reduce(
      (sum, { index }) =>
        sum +
        chassis.fabric.number(index, SESSION_NUMBER.routesReceived) +
        chassis.fabric.number(index, SESSION_NUMBER.routesAdvertised),
      0,
    );
  for (const until = performance.now() + 30_000; left() > 0 && performance.now() < until; )
    await new Promise((resolve) => setTimeout(resolve, 50));
  const { prefixes4, prefixes6, attributes, blocks } = chassis.sweeper.numbers;
  const returned = { prefixes: prefixes4 + prefixes6, sets: attributes, blocks };
  const witness = chassis.entry(WITNESS.address).index;
  const told = chassis.fabric.number(witness, SESSION_NUMBER.announcementsSent);
  return { samples, lost, left: left(), told, returned };
}

function configurationOf({ blades, table }: SoakOptions, folder: string, port: number) {
  const limits =
    table === undefined
      ? {}
      : { limits: { 'ipv4-prefixes': table, 'ipv6-prefixes': table / 4, 'attribute-sets': table } };
  const neighbors = [CHURNER, WITNESS].map((neighbor, i) => ({
    ...neighbor,
    passive: true,
    families: ['ipv4-unicast', 'ipv6-unicast'],
    import: 'accept',
    export: 'accept',
    blade: i % blades,
  }));
  const text = JSON.stringify({
    router: { as: 65_000, id: '192.0.2.1', listen: [`127.0.0.1:${port}`] },
    chassis: { blades, control: `${folder}/control.sock`, state: `${folder}/state.db`, ...limits },
    neighbors: neighbors.map((neighbor) => ({ ...neighbor, 'next-hop-ipv6': '2001:db8::1' })),
  });
  const { configuration, mistakes } = parseConfiguration(text, 'soak.yaml');
  if (configuration === undefined) throw new Error(mistakes.map(({ message }) => message).join('; '));
  return configuration;
}
