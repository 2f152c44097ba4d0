/**
 * What the balance planner is told of the box: what each session costs, and what it costs to tell the kinds of neighbours that are kept
 * together (placement.ts).
 *
 *   metric     a session                         telling a kind
 *   cpu        what hearing it takes             what the blade uses besides, in equal parts of the kinds that it tells
 *   updates    UPDATE messages both ways         those sent to whoever is sent most; they count once
 *   routes     routes received                   routes told to whoever is told most
 *   sessions   one                               nothing
 */
import { SESSION_NUMBER } from '../fabric/layout.ts';
import type { BalanceInput, BalanceSession } from './balance.ts';
import type { Chassis, SessionEntry } from './chassis.ts';
import { kindOf } from './kinds.ts';
import type { BalanceMetric } from './operations.ts';
import { keptTogether } from './placement.ts';

type Kinds = ReadonlySet<string>;

export function balanceInput(
  chassis: Chassis,
  metric: BalanceMetric,
): Pick<BalanceInput, 'blades' | 'sessions' | 'telling'> {
  const { blades, sessions } = chassis;
  const neighbors = sessions.map(({ neighbor }) => neighbor);
  const taking = Math.max(1, blades.filter(({ drained }) => !drained).length);
  // Where telling counts nothing, nobody has to stay with others.
  const kinds: Kinds = metric === 'sessions' ? new Set() : keptTogether(neighbors, taking);
  return {
    blades: blades.map(({ slot, drained, running }) => ({ slot, accepting: running && !drained })),
    sessions: sessions.map((entry) => sessionOf(chassis, entry, metric, kinds)),
    telling: new Map([...kinds].map((kind) => [kind, tellingOf(chassis, kind, metric)])),
  };
}

function sessionOf(
  chassis: Chassis,
  entry: SessionEntry,
  metric: BalanceMetric,
  kinds: Kinds,
): BalanceSession {
  const { index, neighbor } = entry;
  const kind = kindOf(neighbor);
  const together = kind !== undefined && kinds.has(kind);
  const session = {
    id: neighbor.address,
    slot: chassis.fabric.homeOf(index),
    load: loadOf(chassis, entry, metric, together),
    movable: true,
  };
  return together ? { ...session, kind } : session;
}

function loadOf(
  { fabric, load }: Chassis,
  { index }: SessionEntry,
  metric: BalanceMetric,
  together: boolean,
): number {
  switch (metric) {
    case 'cpu':
      return load.sessionCpu(index);
    case 'updates':
      return load.sessionUpdates(index) - (together ? load.sessionUpdatesSent(index) : 0);
    case 'routes':
      return fabric.number(index, SESSION_NUMBER.routesReceived);
    default:
      return 1;
  }
}

function tellingOf(chassis: Chassis, kind: string, metric: BalanceMetric): number {
  const { fabric, load, sessions } = chassis;
  const members = sessions.filter(({ neighbor }) => kindOf(neighbor) === kind);
  const most = (of: (entry: SessionEntry) => number): number => Math.max(0, ...members.map(of));
  switch (metric) {
    case 'cpu':
      return most(({ index }) => load.sessionTold(index));
    case 'updates':
      return most(({ index }) => load.sessionUpdatesSent(index));
    case 'routes':
      return most(({ index }) => fabric.number(index, SESSION_NUMBER.routesAdvertised));
    default:
      return 0;
  }
}
