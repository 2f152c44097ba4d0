/**
 * Changes to a table that was sent: withdrawals, other paths, and a churn that can go round without end.
 *
 * A change concerns some rows of one attribute set, as in life: most concern one route, few many. Each call
 * draws its rows from its seed; the same options give the same messages.
 */
import { Random } from '../base/random.ts';
import { ByteSink } from './arrays.ts';
import { drawRank } from './distributions.ts';
import { type EncodeOptions, type Feed, shuffle } from './feed.ts';
import { MessageWriter } from './message-writer.ts';
import { asTwoOctet, writePrepended } from './rewrite.ts';
import { groupBySet, type PrefixColumns, type Routes } from './routes.ts';

export interface SelectOptions extends Pick<EncodeOptions, 'fourOctetAs'> {
  readonly seed: number;
  /** How many routes, IPv4 and IPv6 in the proportion in which the table has them. */
  readonly count: number;
}

/** Withdraws `count` routes, packed as full as they go. */
export function withdrawFeed(routes: Routes, options: SelectOptions): Feed {
  const writer = new MessageWriter();
  for (const { columns, rows } of select(routes, options)) writer.withdraw(columns, rows, 0, rows.length);
  return writer.finish();
}

/** Announces `count` routes as they stand in the table: the undoing of a withdrawFeed of the same seed. */
export function announceFeed(routes: Routes, options: SelectOptions): Feed {
  return announceSelected(routes, options, 0, 0);
}

/** Announces `count` routes with `as` (the sender's own) in front of the path `times` times more. */
export function prependFeed(routes: Routes, options: SelectOptions & { as: number; times?: number }): Feed {
  return announceSelected(routes, options, options.as, options.times ?? 1);
}

export interface ChurnOptions extends Pick<EncodeOptions, 'fourOctetAs'> {
  readonly seed: number;
  /** Changes, each of which is undone later in the feed. */
  readonly changes: number;
  /** The sender's own AS, for the changes of path. */
  readonly as: number;
  /** Share of the changes that are withdrawals; the others prepend. */
  readonly withdrawals?: number;
  /** The most rows that one change concerns. */
  readonly most?: number;
  /** How many other changes lie between a change and its undoing. */
  readonly distance?: number;
}

/**
 * Changes and their undoings, so that the table stands as before at the end: a feed to send in a loop. No
 * row is in two changes at the same time, so no message repeats what was said before.
 */
export function churnFeed(given: Routes, options: ChurnOptions): Feed {
  const { changes, withdrawals = 0.3, most = 8, distance = 100 } = options;
  const routes = options.fourOctetAs === false ? asTwoOctet(given) : given;
  const random = new Random(options.seed);
  const writer = new MessageWriter();
  const groups = [routes.v4, routes.v6].map((columns) => ({
    columns,
    ...groupBySet(columns, routes.sets.count),
  }));
  const pending: Change[] = [];
  const busy = new Set<number>();
  for (let i = 0; i < changes; i++) {
    const change = drawChange(random, groups, routes.sets.count, most, busy);
    if (change === undefined) continue;
    busy.add(change.set);
    if (random.chance(withdrawals)) writer.withdraw(change.columns, change.order, change.from, change.to);
    else announceSet(writer, routes, change, options.as, 1 + random.below(3));
    pending.push(change);
    if (pending.length > distance) undo(writer, routes, pending, busy);
  }
  while (pending.length > 0) undo(writer, routes, pending, busy);
  return writer.finish();
}

interface Change {
  readonly columns: PrefixColumns;
  readonly order: Uint32Array;
  readonly from: number;
  readonly to: number;
  readonly set: number;
}

function drawChange(
  random: Random,
  groups: readonly { columns: PrefixColumns; start: Uint32Array; order: Uint32Array }[],
  sets: number,
  most: number,
  busy: ReadonlySet<number>,
): Change | undefined {
  if (sets === 0) return undefined;
  const set = random.below(sets);
  if (busy.has(set)) return undefined;
  for (const { columns, start, order } of groups) {
    const first = start[set] as number;
    const size = (start[set + 1] as number) - first;
    if (size === 0) continue;
    const rows = Math.min(size, 1 + drawRank(random, most, 1));
    const from = first + random.below(size - rows + 1);
    return { columns, order, from, to: from + rows, set };
  }
  return undefined;
}

function undo(writer: MessageWriter, routes: Routes, pending: Change[], busy: Set<number>): void {
  const change = pending.shift() as Change;
  busy.delete(change.set);
  announceSet(writer, routes, change, 0, 0);
}

function announceSet(writer: MessageWriter, routes: Routes, change: Change, as: number, times: number): void {
  const { sets, nextHop6 } = routes;
  const { columns, order, from, to, set } = change;
  const start = sets.start[set] as number;
  const end = sets.start[set + 1] as number;
  if (times === 0) {
    writer.announce(columns, order, from, to, sets.bytes, start, end, nextHop6);
    return;
  }
  const sink = new ByteSink(end - start + 64);
  writePrepended(sink, sets.bytes, start, end, as, times);
  writer.announce(columns, order, from, to, sink.bytes, 0, sink.length, nextHop6);
}

function announceSelected(given: Routes, options: SelectOptions, as: number, times: number): Feed {
  const routes = options.fourOctetAs === false ? asTwoOctet(given) : given;
  const writer = new MessageWriter();
  for (const { columns, rows } of select(routes, options)) {
    rows.sort((a, b) => (columns.set[a] as number) - (columns.set[b] as number) || a - b);
    for (let from = 0; from < rows.length; ) {
      const set = columns.set[rows[from] as number] as number;
      let to = from + 1;
      while (to < rows.length && columns.set[rows[to] as number] === set) to++;
      announceSet(writer, routes, { columns, order: rows, from, to, set }, as, times);
      from = to;
    }
  }
  return writer.finish();
}

/** The first rows of a shuffle: the same ones for every kind of change with the same seed and count. */
function select(routes: Routes, options: SelectOptions): { columns: PrefixColumns; rows: Uint32Array }[] {
  const random = new Random(options.seed);
  const all = routes.v4.count + routes.v6.count;
  const count = Math.min(options.count, all);
  const count4 = Math.round((count * routes.v4.count) / Math.max(1, all));
  return [
    { columns: routes.v4, rows: someRows(random, routes.v4.count, count4) },
    { columns: routes.v6, rows: someRows(random, routes.v6.count, count - count4) },
  ];
}

function someRows(random: Random, rows: number, count: number): Uint32Array {
  const order = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  shuffle(order, random);
  return order.slice(0, count);
}
