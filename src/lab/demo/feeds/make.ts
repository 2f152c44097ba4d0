/** What each neighbour of the cast says, from a generated table or from an MRT file. */
import { access, constants, stat } from 'node:fs/promises';
import { MrtError } from '../../../mrt/format.ts';
import { announceFeed, churnFeed } from '../../changes.ts';
import { encodeFeed } from '../../feed.ts';
import { generateTable, type InternetTable } from '../../internet.ts';
import { feedsFromMrt, type MrtFeed } from '../../mrt-feeds.ts';
import { routesFor } from '../../neighbour.ts';
import type { Routes } from '../../routes.ts';
import { CAST, type Neighbour } from '../cast.ts';
import type { FeedOrder, Script, Scripts } from './feeds.ts';

export type OnStep = (text: string, done: number, of: number) => void;

/** A round of changes takes about so many seconds at the rate wanted. */
const ROUND = 10;
const FEWEST_CHANGES = 50;
const MOST_CHANGES = 50_000;
/** A transit provider tells at least so much of what the largest peer of a file does. */
const FULL_SHARE = 0.5;
/** One prefix in six of the Internet's is of IPv6. */
const IPV6_SHARE = 1 / 6;

export function makeScripts(order: FeedOrder, onStep: OnStep): Promise<Scripts> {
  return order.mrt === undefined ? fromGenerator(order, onStep) : fromFile(order, order.mrt, onStep);
}

async function fromGenerator(order: FeedOrder, onStep: OnStep): Promise<Scripts> {
  onStep('the table', 0, CAST.length + 1);
  const ipv6 = Math.round(order.prefixes * IPV6_SHARE);
  const table = generateTable({ seed: order.seed, ipv4: order.prefixes - ipv6, ipv6 });
  const scripts = CAST.map((neighbour, index) => {
    onStep(`what ${neighbour.name} says`, index + 1, CAST.length + 1);
    return generatedScript(order, neighbour, index, table);
  });
  onStep('done', CAST.length + 1, CAST.length + 1);
  return { scripts, notes: [] };
}

function generatedScript(
  order: FeedOrder,
  neighbour: Neighbour,
  index: number,
  table: InternetTable,
): Script {
  const { as: neighborAs, address: nextHop, part } = neighbour;
  const seed = order.seed + index;
  if (part === 'nothing') return { table: undefined, changes: undefined };
  if (part === 'own') return ownScript(neighbour, seed);
  const routes = routesFor(table, { neighborAs, nextHop, seed });
  if (part === 'full') return scriptOf(order, neighbour, routes, seed);
  const count = Math.round(part * (table.v4.count + table.v6.count));
  return { table: announceFeed(routes, { seed, count }), changes: undefined };
}

/** A customer has prefixes that nobody else has. */
function ownScript(neighbour: Neighbour, seed: number): Script {
  const [ipv4, ipv6] = neighbour.own;
  const table = generateTable({ seed: seed + 1000, ipv4, ipv6 });
  const routes = routesFor(table, { neighborAs: neighbour.as, nextHop: neighbour.address, seed });
  return { table: encodeFeed(routes, { seed }), changes: undefined };
}

function scriptOf(order: FeedOrder, neighbour: Neighbour, routes: Routes, seed: number): Script {
  return { table: encodeFeed(routes, { seed }), changes: changesOf(order, neighbour, routes, seed) };
}

/** Each change is undone later in the same round: two messages or a few more. */
function changesOf(order: FeedOrder, neighbour: Neighbour, routes: Routes, seed: number): Script['changes'] {
  const wanted = Math.round((order.rate * neighbour.changes * ROUND) / 2);
  if (wanted === 0) return undefined;
  const changes = Math.min(MOST_CHANGES, Math.max(FEWEST_CHANGES, wanted));
  const feed = churnFeed(routes, { seed, changes, as: neighbour.as });
  return feed.messages === 0 ? undefined : feed;
}

/**
 * The largest peers of the file are the transit providers and the peers. A transit provider
 * that the file has no such peer for says what the largest says, as its own; the customers have generated prefixes as ever.
 */
async function fromFile(order: FeedOrder, file: string, onStep: OnStep): Promise<Scripts> {
  await checkReadable(file);
  const steps = CAST.length + 1;
  onStep(`reading ${file}`, 0, steps);
  const tellers = CAST.filter(({ part }) => part === 'full' || typeof part === 'number');
  const asked = tellers.map(({ as, address }) => ({ as, nextHop: address }));
  const found = await feedsFromMrt(file, asked, { seed: order.seed }).catch((error: unknown) => {
    const foreign = error instanceof MrtError && error.offset === 0;
    throw foreign ? new Error(`${file}: is no MRT file, plain, gzip or bzip2`) : error;
  });
  if (found.length === 0 || (found[0] as MrtFeed).feed.announced === 0)
    throw new Error(`${file}: has no unicast routes that a neighbour could tell`);
  const notes: string[] = [];
  const scripts: Script[] = [];
  for (const [index, neighbour] of CAST.entries()) {
    onStep(`what ${neighbour.name} says`, index + 1, steps);
    const teller = tellers.indexOf(neighbour);
    if (teller < 0) {
      scripts.push(
        neighbour.part === 'own'
          ? ownScript(neighbour, order.seed + index)
          : { table: undefined, changes: undefined },
      );
      continue;
    }
    const own = found[teller];
    const enough = own !== undefined && (neighbour.part !== 'full' || isFull(own, found[0] as MrtFeed));
    const told = enough ? own : neighbour.part === 'full' ? await again(file, neighbour, order) : undefined;
    scripts.push(
      told === undefined ? { table: undefined, changes: undefined } : fileScript(order, neighbour, told),
    );
    notes.push(noteOf(neighbour, told));
  }
  onStep('done', steps, steps);
  return { scripts, notes };
}

function isFull(told: MrtFeed, largest: MrtFeed): boolean {
  return told.feed.announced >= FULL_SHARE * largest.feed.announced;
}

/** What the largest peer says, as this neighbour's own. */
async function again(file: string, neighbour: Neighbour, order: FeedOrder): Promise<MrtFeed | undefined> {
  const one = [{ as: neighbour.as, nextHop: neighbour.address }];
  return (await feedsFromMrt(file, one, { seed: order.seed + 1 }))[0];
}

function fileScript(order: FeedOrder, neighbour: Neighbour, told: MrtFeed): Script {
  return {
    table: told.feed,
    changes: changesOf(order, neighbour, told.routes, order.seed),
  };
}

function noteOf(neighbour: Neighbour, told: MrtFeed | undefined): string {
  if (told === undefined) return `${neighbour.name}: the file has no more peers; says nothing`;
  const { peerAs, peerAddress, feed, skipped } = told;
  const left = skipped === 0 ? '' : `, ${skipped} left out`;
  return `${neighbour.name}: as AS ${peerAs} (${peerAddress}), ${feed.announced} routes in ${feed.messages} UPDATE messages${left}`;
}

async function checkReadable(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `${file}: there is no such file` : `${file}: ${error.message}`);
  });
  if (found.isDirectory()) throw new Error(`${file}: is a folder; give a file in MRT format`);
  await access(file, constants.R_OK).catch(() => {
    throw new Error(`${file}: no permission to read it`);
  });
}
