/** Who of an update group is told first. */
import test from 'ava';
import { orderMembers } from '../../src/blade/telling/telling-order.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { smallFabric } from '../fabric/support/small.ts';

const SESSIONS = 8;

function box(routes: readonly number[]): Fabric {
  const fabric = smallFabric({ sessions: SESSIONS });
  for (const [session, count] of routes.entries())
    fabric.setNumber(session, SESSION_NUMBER.routesReceived, count);
  return fabric;
}

function ordered(routes: readonly number[], members: number[]): number[] {
  orderMembers(box(routes), members);
  return members;
}

test('who has announced fewer routes is told first', (t) => {
  t.deepEqual(ordered([900_000, 20, 0, 900_000, 0, 1], [0, 1, 2, 3, 4, 5]), [2, 4, 5, 1, 0, 3]);
});

test('of those who have announced about as many, who came up first is', (t) => {
  t.deepEqual(ordered([1000, 600, 800, 0, 0], [2, 1, 4, 0, 3]), [4, 3, 2, 1, 0]);
});

test('nobody is left out, and none is there twice, as routes come and go', (t) => {
  const routes = Array.from({ length: SESSIONS }, () => 0);
  const members = routes.map((_, session) => session);
  const fabric = box(routes);
  for (let round = 0; round < 200; round++) {
    fabric.setNumber(round % SESSIONS, SESSION_NUMBER.routesReceived, (round * 7919) % 5000);
    orderMembers(fabric, members);
    t.deepEqual(members.toSorted(), [0, 1, 2, 3, 4, 5, 6, 7]);
  }
});

test('a route more or less changes nothing', (t) => {
  const members = [0, 1, 2];
  const fabric = box([700, 701, 702]);
  for (let more = 0; more < 300; more++) {
    fabric.setNumber(more % 3, SESSION_NUMBER.routesReceived, 600 + more);
    orderMembers(fabric, members);
    t.deepEqual(members, [0, 1, 2]);
  }
});
