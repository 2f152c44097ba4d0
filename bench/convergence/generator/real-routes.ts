/**
 * Real routes, from files that are not part of the project: the table of the Internet of January 2024, and a full
 * feed as a peer sent it in 2015 (see their SOURCES.md). Every sender tells them behind its own AS, which it
 * prepends a few times for some, so that paths differ in length from sender to sender.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Random } from '../../../src/base/random.ts';
import { parseIpv4, parseIpv6 } from '../../../src/lab/addresses.ts';
import { ByteSink, WordSink } from '../../../src/lab/arrays.ts';
import { writeAttributes } from '../../../src/lab/attributes.ts';
import { feedsFromMrt } from '../../../src/lab/mrt-feeds.ts';
import { writePrepended } from '../../../src/lab/rewrite.ts';
import {
  type AttributeSets,
  newPrefixColumns,
  type PrefixColumns,
  type Routes,
} from '../../../src/lab/routes.ts';
import { dataFile } from '../../../test/support/data.ts';
import { DAEMON_AS, FIRST_AS, type Neighbour } from '../cases.ts';
import { pathLength } from './path-length.ts';

const TABLE = 'tables/dfz-2024-prefix-path.txt.gz';
const FEED = 'mrt/pch-updates.20151023.bgp4mp_et.fullfeed.gz';
/** The AS that the feed's peer has. */
const FEED_AS = 3856;
/** Stand-ins, until each sender puts its own there. */
const NEXT_HOP = '198.18.0.1';
const NEXT_HOP_6 = '2001:db8::1';

/** How often a sender prepends: 0, 1, 2 or 3 times more. */
const PREPENDS = [0.65, 0.85, 0.95];

/** A part of the routes, by attribute sets. */
export async function realRoutes(which: 'table' | 'pch', share: number): Promise<Routes> {
  const routes = which === 'table' ? tableRoutes(needed(TABLE)) : await feedRoutes(needed(FEED));
  const kept = keptSets(routes.sets, share);
  return { ...routes, v4: withSets(routes.v4, kept), v6: withSets(routes.v6, kept) };
}

/** ASes of the daemon and of the neighbours of these cases: a route through one of them is not for it. */
const HERE = [DAEMON_AS, ...Array.from({ length: 8 }, (_, index) => FIRST_AS + index)];

/** 1 for each set that stays. Somebody let the private ASes out that the daemon, or a neighbour, has here. */
function keptSets({ count, start, bytes }: AttributeSets, share: number): Uint8Array {
  const random = new Random(1);
  const kept = new Uint8Array(count);
  for (let set = 0; set < count; set++) {
    const [from, to] = [start[set] as number, start[set + 1] as number];
    const loops = HERE.some((as) => holds(bytes, from, to, as));
    kept[set] = random.chance(share) && !loops ? 1 : 0;
  }
  return kept;
}

function withSets(all: PrefixColumns, sets: Uint8Array): PrefixColumns {
  const { words } = all;
  const rows = [...all.set.keys()].filter((row) => sets[all.set[row] as number] === 1);
  const kept = newPrefixColumns(words, rows.length);
  for (const [to, row] of rows.entries()) {
    kept.address.set(all.address.subarray(row * words, (row + 1) * words), to * words);
    kept.length[to] = all.length[row] as number;
    kept.set[to] = all.set[row] as number;
  }
  return kept;
}

/** Whether an AS stands in the AS_PATH of these attributes. */
function holds(bytes: Uint8Array, from: number, to: number, as: number): boolean {
  return pathLength(bytes, from, to, as) !== pathLength(bytes, from, to, 0);
}

/** Whether the data of these feeds are there. */
export function hasRealRoutes(which: 'table' | 'pch'): boolean {
  return dataFile(which === 'table' ? TABLE : FEED) !== undefined;
}

function needed(name: string): string {
  const file = dataFile(name);
  if (file === undefined) throw new Error(`${name} is not there: set GRAFTD_DATA to the folder of real data`);
  return file;
}

async function feedRoutes(file: string): Promise<Routes> {
  const [feed] = await feedsFromMrt(file, [{ as: FEED_AS, nextHop: NEXT_HOP, nextHop6: NEXT_HOP_6 }]);
  if (feed === undefined) throw new Error(`${file} has no peers`);
  return feed.routes;
}

/** Lines of `prefix|as_path|kind`; one attribute set for each path and family, as only the path is known. */
function tableRoutes(file: string): Routes {
  const sets = new Map<string, number>();
  const start = new WordSink();
  const sink = new ByteSink();
  const rows: Record<4 | 6, { prefix: string; set: number }[]> = { 4: [], 6: [] };
  start.push(0);
  for (const line of gunzipSync(readFileSync(file)).toString('latin1').split('\n')) {
    const [prefix = '', path = ''] = line.split('|');
    if (path === '' || prefix.startsWith('#')) continue;
    const version = prefix.includes(':') ? 6 : 4;
    const key = `${version} ${path}`;
    let set = sets.get(key);
    if (set === undefined) {
      set = sets.size;
      sets.set(key, set);
      writeAttributes(sink, attributesOf(path, version));
      start.push(sink.length);
    }
    rows[version].push({ prefix, set });
  }
  return {
    v4: columns(1, rows[4], (text) => [parseIpv4(text)]),
    v6: columns(4, rows[6], words6),
    sets: { count: sets.size, start: start.finish(), bytes: sink.finish() },
    nextHop6: parseIpv6(NEXT_HOP_6),
  };
}

function attributesOf(path: string, version: 4 | 6): Parameters<typeof writeAttributes>[1] {
  return {
    origin: 0,
    path: path.split(' ').map(Number),
    inAsSet: 0,
    nextHop: version === 4 ? parseIpv4(NEXT_HOP) : undefined,
    med: undefined,
    localPref: undefined,
    atomic: false,
    aggregator: 0,
    aggregatorAddress: 0,
    communities: [],
  };
}

function columns(
  words: 1 | 4,
  rows: readonly { prefix: string; set: number }[],
  parse: (text: string) => readonly number[],
): PrefixColumns {
  const into = newPrefixColumns(words, rows.length);
  for (const [row, { prefix, set }] of rows.entries()) {
    const [address = '', length = ''] = prefix.split('/');
    into.address.set(parse(address), row * words);
    into.length[row] = Number(length);
    into.set[row] = set;
  }
  return into;
}

function words6(text: string): number[] {
  const view = new DataView(parseIpv6(text).buffer);
  return [0, 4, 8, 12].map((at) => view.getUint32(at));
}

/** The routes as a neighbour tells them. */
export function retold(routes: Routes, { as }: Neighbour, seed: number): Routes {
  const { count, start, bytes } = routes.sets;
  const random = new Random(seed);
  const sink = new ByteSink(bytes.length + count * 8);
  const starts = new Uint32Array(count + 1);
  for (let set = 0; set < count; set++) {
    const drawn = random.float();
    const times = 1 + PREPENDS.filter((share) => drawn > share).length;
    writePrepended(sink, bytes, start[set] as number, start[set + 1] as number, as, times);
    starts[set + 1] = sink.length;
  }
  return { ...routes, sets: { count, start: starts, bytes: sink.finish() } };
}
