/**
 * That no neighbour saw anything: what each of them noticed between two moments, by its own counters, and
 * whether its table is what it was, route by route and attribute by attribute.
 *
 * A neighbour is a strict receiver (lab/receiver.ts): it counts everything that a good router would not have sent.
 */
import type { SpeakerStats } from '../speaker.ts';
import { compareTold } from '../told.ts';
import { CAST } from './cast.ts';
import type { Neighbours, Tables } from './neighbours.ts';

type FaultName = 'resets' | 'notifications' | 'duplicates' | 'unknownWithdraws' | 'returned' | 'malformed';

export interface Fault {
  readonly name: FaultName;
  /** For a heading, and for a sentence. */
  readonly title: string;
  readonly one: string;
  readonly many: string;
}

// biome-ignore format: one line a fault
export const FAULTS: readonly Fault[] = [
  { name: 'resets',           title: 'RESET',   one: 'session reset',                many: 'session resets' },
  { name: 'notifications',    title: 'NOTIF', one: 'NOTIFICATION',                 many: 'NOTIFICATIONs' },
  { name: 'duplicates',       title: 'TWICE', one: 'route told twice',             many: 'routes told twice' },
  { name: 'unknownWithdraws', title: 'ABSENT',  one: 'withdrawal of what it had not', many: 'withdrawals of what it had not' },
  { name: 'returned',         title: 'OWN', one: 'route of its own sent back',   many: 'routes of its own sent back' },
  { name: 'malformed',        title: 'WRONG',    one: 'malformed UPDATE message',     many: 'malformed UPDATE messages' },
];

export type Noticed = Readonly<Record<FaultName, number>>;

/** What one neighbour noticed between two looks at it. */
export function noticed(before: SpeakerStats, after: SpeakerStats): Noticed {
  const counts = FAULTS.map(({ name }) => [name, after[name] - before[name]]);
  return Object.fromEntries(counts) as Record<FaultName, number>;
}

/** In words, one text for each neighbour that noticed something. */
export function complaints(before: readonly SpeakerStats[], after: readonly SpeakerStats[]): string[] {
  return CAST.flatMap(({ name, address }, i) => {
    const counts = noticed(before[i] as SpeakerStats, after[i] as SpeakerStats);
    const texts = FAULTS.filter((fault) => counts[fault.name] > 0).map((fault) => {
      const count = counts[fault.name];
      return `${count} ${count === 1 ? fault.one : fault.many}`;
    });
    return texts.length === 0 ? [] : [`${address} (${name}): ${texts.join(', ')}`];
  });
}

/** How a neighbour's table differs from what it was. */
export interface TableChange {
  readonly routes: number;
  /** Routes that are gone, new, or have other attributes. */
  readonly gone: number;
  readonly fresh: number;
  readonly other: number;
  readonly examples: readonly string[];
}

export function tableChange(before: Tables, after: Tables): TableChange {
  const v4 = compareTold(before.v4, after.v4);
  const v6 = compareTold(before.v6, after.v6);
  return {
    routes: after.v4.count + after.v6.count,
    gone: v4.onlyA + v6.onlyA,
    fresh: v4.onlyB + v6.onlyB,
    other: v4.differing + v6.differing,
    examples: [...v4.examples, ...v6.examples],
  };
}

export function isSame(change: TableChange): boolean {
  return change.gone + change.fresh + change.other === 0;
}

/** The tables of all neighbours, one after another, for a comparison later. */
export async function allTables(neighbours: Neighbours): Promise<Tables[]> {
  const tables: Tables[] = [];
  for (let i = 0; i < CAST.length; i++) tables.push(await neighbours.tables(i));
  return tables;
}

/** UPDATE messages that each neighbour got between two looks at it. */
export function updatesBetween(before: readonly SpeakerStats[], after: readonly SpeakerStats[]): number[] {
  return after.map(({ updates }, i) => updates - (before[i] as SpeakerStats).updates);
}
