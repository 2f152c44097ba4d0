/**
 * What stops a blade, and for how long: the longest turn of its loop while an operator does what is large, on a router with a full
 * table and while another neighbour sends one; how much of that turn the blade used a processor, and what a single change takes from
 * one neighbour to another meanwhile. The router is a process of its own, and commands are given as a shell gives them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monotonicMilliseconds } from '../src/base/clock.ts';
import { type Feed, feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { type RemoteSpeaker, SpeakerThread } from '../src/lab/thread.ts';
import { BareNeighbor } from './support/bare-neighbor.ts';
import { freePort, neighborAddress } from './support/box.ts';
import { type LongestTurn, longestTurn, TURN_HEAD, turnCells } from './support/longest-turn.ts';
import { readOptions } from './support/options.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';
import { Router } from './support/router.ts';

const { values } = readOptions({
  options: {
    prefixes: { type: 'string', default: '1000000' },
    entries: { type: 'string', default: '500000' },
    blades: { type: 'string', default: '2' },
    flooders: { type: 'string', default: '1' },
    kinds: { type: 'string', default: '0' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

/** Neighbour 0 has a full table; 1 changes a route, 2 hears of everything; those from 3 on send tables without end, or are each told something else. */
const [FULL, CHANGER, WITNESS, FLOODERS] = [0, 1, 2, 3];
const SENDERS = [FULL, ...Array.from({ length: Number(values.flooders) }, (_, i) => FLOODERS + i)];
const KINDS = Array.from({ length: Number(values.kinds) }, (_, i) => FLOODERS + Number(values.flooders) + i);
const HOLD_TIME = 90;
/** Milliseconds between two changes, at least and at most. */
const PAUSE = { least: 3, most: 23 };
/** Seconds for which changes are timed where what is measured is over sooner. */
const LEAST = 1;

interface Row {
  readonly what: string;
  readonly seconds: number;
  readonly changes: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
  readonly turn: LongestTurn;
  readonly residentMiB: { readonly before: number; readonly most: number };
}

class Bench {
  readonly rows: Row[] = [];
  readonly router: Router;
  readonly changer: BareNeighbor;
  readonly witness: BareNeighbor;
  #changes = 0;

  constructor(router: Router, changer: BareNeighbor, witness: BareNeighbor) {
    this.router = router;
    this.changer = changer;
    this.witness = witness;
  }

  async measure(what: string, work: () => Promise<unknown>): Promise<void> {
    await this.router.blades();
    const before = this.router.residentMiB();
    let most = before;
    let going = true;
    const took: number[] = [];
    const changing = (async () => {
      const start = performance.now();
      while (going || performance.now() - start < LEAST * 1000) {
        await sleep(PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least));
        took.push(await this.#change());
        most = Math.max(most, this.router.residentMiB());
      }
    })();
    const start = performance.now();
    await work();
    const seconds = (performance.now() - start) / 1000;
    going = false;
    await changing;
    const blades = await this.router.blades();
    const row = {
      what,
      seconds,
      changes: took.length,
      median: quantile(took, 0.5),
      p99: quantile(took, 0.99),
      worst: Math.max(...took),
      turn: longestTurn(blades),
      residentMiB: { before: Math.round(before), most: Math.round(most) },
    };
    this.rows.push(row);
    console.log(cells(row).join('  '));
  }

  async #change(): Promise<number> {
    const mark = this.#changes++;
    const seen = this.witness.see(mark);
    const start = monotonicMilliseconds();
    this.changer.announce(mark);
    return (await seen) - start;
  }
}

const HEAD = [
  'while',
  'seconds',
  'changes',
  'median',
  'p99',
  'worst',
  ...TURN_HEAD,
  'MiB before',
  'MiB at most',
];

function cells(row: Row): (string | number)[] {
  const fixed = (value: number): string => value.toFixed(2);
  return [
    row.what,
    row.seconds.toFixed(1),
    row.changes,
    ...[row.median, row.p99, row.worst].map(fixed),
    ...turnCells(row.turn),
    row.residentMiB.before,
    row.residentMiB.most,
  ];
}

async function main(): Promise<void> {
  console.log(`${machineLine()}\n`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-turns-'));
  const [prefixes, entries, blades] = [values.prefixes, values.entries, values.blades].map(Number) as [
    number,
    number,
    number,
  ];
  const port = await freePort();
  const configure = (keys: Keys = {}): void =>
    writeFileSync(path.join(folder, 'graftd.yaml'), configuration(port, blades, keys));
  writeLists(folder, entries);
  configure();
  const router = await Router.start(path.join(folder, 'graftd.yaml'));
  const thread = new SpeakerThread();
  try {
    const speakers: RemoteSpeaker[] = [];
    for (const index of SENDERS)
      speakers.push(
        await thread.add({
          localAs: 64501 + index,
          routerId: `10.0.0.${index + 1}`,
          localAddress: neighborAddress(index),
          connect: { host: '127.0.0.1', port },
        }),
      );
    for (const speaker of speakers) await speaker.up();
    const neighbors = await Promise.all(
      [CHANGER, WITNESS, ...KINDS].map((index) =>
        BareNeighbor.connect({
          address: neighborAddress(index),
          as: 64501 + index,
          port,
          holdTime: HOLD_TIME,
        }),
      ),
    );
    const bench = new Bench(router, neighbors[0] as BareNeighbor, neighbors[1] as BareNeighbor);
    await run(bench, new Tables(router, speakers, prefixes), folder, configure);
    console.log(`\nTables of ${prefixes} prefixes, lists of ${entries}, ${blades} blade(s); milliseconds.`);
    console.log(table(HEAD, bench.rows.map(cells)));
    writeResults('turns', { prefixes, entries, blades, rows: bench.rows });
    for (const neighbor of neighbors) neighbor.close();
    for (const speaker of speakers) await speaker.close();
  } finally {
    await thread.close();
    await router.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tables of all who send one: everybody by turns two, that differ in all routes. */
class Tables {
  readonly #router: Router;
  readonly #speakers: readonly RemoteSpeaker[];
  readonly #feeds: readonly (readonly Feed[])[];
  readonly #prefixes: number;

  constructor(router: Router, speakers: readonly RemoteSpeaker[], prefixes: number) {
    this.#router = router;
    this.#speakers = speakers;
    this.#prefixes = prefixes;
    const routes = generateTable({ seed: 7, ipv4: prefixes, ipv6: 0 });
    this.#feeds = SENDERS.map((index) =>
      [7, 8].map((seed) =>
        feedFor(routes, { neighborAs: 64501 + index, nextHop: neighborAddress(index), seed }),
      ),
    );
  }

  async full(): Promise<void> {
    await this.#speakers[0]?.send(this.#feeds[0]?.[0] as Feed);
    await this.#router.until(async () => {
      const { routesReceived } = await this.#router.ask<{ routesReceived: number }>('show session', {
        neighbor: neighborAddress(FULL),
      });
      return routesReceived >= this.#prefixes;
    });
  }

  /** One table after another by the others, until the work is done. */
  async beside(work: () => Promise<unknown>): Promise<void> {
    let going = true;
    const floods = this.#speakers.slice(1).map(async (speaker, i) => {
      for (let next = 0; going; next ^= 1) await speaker.send(this.#feeds[i + 1]?.[next] as Feed);
    });
    await work();
    going = false;
    await Promise.all(floods);
  }
}

/** Milliseconds for a router to come to rest after something large. */
const REST = 2000;

async function run(
  bench: Bench,
  tables: Tables,
  folder: string,
  configure: (keys?: Keys) => void,
): Promise<void> {
  const { router } = bench;
  const full = neighborAddress(FULL);
  const command = (...words: string[]): Promise<void> => router.command(words);
  const reload = async (keys: Keys): Promise<void> => {
    configure(keys);
    await command('reload');
  };
  const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['nothing happens', () => sleep(LEAST * 1000)],
    ['a table comes', () => tables.beside(() => sleep(5000))],
    ['show routes --json', () => command('show', 'routes', '--json')],
    ['the same while a table comes', () => tables.beside(() => command('show', 'routes', '--json'))],
    ['dump mrt', () => command('dump', 'mrt', path.join(folder, 'dump.mrt'))],
    [
      'the same while a table comes',
      () => tables.beside(() => command('dump', 'mrt', path.join(folder, 'dump.mrt'))),
    ],
    [
      'policy preview',
      () => {
        writeFileSync(
          path.join(folder, 'wanted.yaml'),
          configuration(1790, Number(values.blades), { import: 'listed' }),
        );
        return command('policy', 'preview', path.join(folder, 'wanted.yaml'));
      },
    ],
    ['reload: a list as import policy', () => reload({ import: 'listed' })],
    ['the next: another list', () => reload({ import: 'other' })],
    ['the same while a table comes', () => tables.beside(() => reload({ import: 'listed' }))],
    ['reload: a function as import policy', () => reload({ import: './coded.ts#coded' })],
    ['reload: a list as export policy', () => reload({ export: 'listed' })],
    ['reload: a function as export policy', () => reload({ export: './coded.ts#coded' })],
    ['graft', () => command('graft', full, '--to', '1')],
    ['the session is reset', () => command('clear', full)],
  ];
  if (values.only === '') await bench.measure('the first table', () => tables.full());
  else await tables.full();
  await sleep(REST);
  for (const [what, work] of steps) {
    if (!what.includes(values.only)) continue;
    if (what === 'graft' && values.blades === '1') continue;
    await bench.measure(what, work);
    await sleep(REST);
  }
}

interface Keys {
  readonly import?: string;
  readonly export?: string;
}

function configuration(port: number, blades: number, keys: Keys): string {
  const neighbors = [FULL, CHANGER, WITNESS, ...SENDERS.slice(1), ...KINDS].map((index) => ({
    address: neighborAddress(index),
    as: 64501 + index,
    passive: true,
    import: index === FULL ? (keys.import ?? 'accept') : 'accept',
    export: exportOf(index, keys),
    blade: index % blades,
  }));
  return `
router: { as: 65000, id: 192.0.2.1, listen: ['127.0.0.1:${port}'] }
chassis: { blades: ${blades} }
prefix-sets: { one: { file: ./one.txt }, two: { file: ./two.txt } }
policies:
  listed: [{ if: { prefix: one }, then: accept }, { set: { med: 7 }, then: accept }]
  other: [{ if: { prefix: two }, then: accept }, { set: { med: 8 }, then: accept }]
${KINDS.map((index) => `  kind-${index}: [{ set: { med: ${index} }, then: accept }]\n`).join('')}neighbors: ${JSON.stringify(neighbors)}
`;
}

function exportOf(index: number, keys: Keys): string {
  if (index === WITNESS) return keys.export ?? 'accept';
  return index === CHANGER ? 'reject' : KINDS.includes(index) ? `kind-${index}` : 'accept';
}

const CODE = 'export const coded = (route) => ({ med: route.length > 22 ? 9 : 10 });\n';

function writeLists(folder: string, entries: number): void {
  for (const [name, seed] of [
    ['one', 7],
    ['two', 9],
  ] as const) {
    const { v4 } = generateTable({ seed, ipv4: entries, ipv6: 0 });
    const lines = Array.from({ length: entries }, (_, i) => {
      const address = v4.address[i] as number;
      return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}/${v4.length[i]}`;
    });
    writeFileSync(path.join(folder, `${name}.txt`), `${lines.join('\n')}\n`);
  }
  writeFileSync(path.join(folder, 'coded.ts'), CODE);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (values.help)
  console.log(
    'npm run bench turns -- [--prefixes 1000000] [--entries 500000] [--blades 2] [--flooders 1] [--kinds 0] [--only "part of a name"]',
  );
else await main();
