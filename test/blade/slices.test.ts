/** What is cut by time: many siblings' records, and the batches of many groups. Nobody is passed over, and nobody has two turns before the others have one. */
import test from 'ava';
import { LIMITS } from '../../src/blade/limits.ts';
import { Routes, type RoutesListener } from '../../src/blade/routes/routes.ts';
import type { ExportRules } from '../../src/blade/telling/exporter.ts';
import { Groups } from '../../src/blade/telling/groups.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { Journal } from '../../src/fabric/journal.ts';
import { PolicyBook } from '../../src/policy/book.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';

const NOBODY = new Proxy({} as RoutesListener, { get: () => () => {} });
const ALWAYS = (): boolean => true;
const NEVER = (): boolean => false;

/** Neighbours with a next hop of their own are each told something else. */
function rulesOf(neighbor: number): ExportRules {
  return {
    accept: false,
    families: 1,
    external: true,
    fourOctetAs: true,
    maxMessage: 4096,
    localAs: 65_000,
    neighborAs: 64_500 + neighbor,
    client: false,
    clusterId: 0,
    rules: {},
    stale: 'told',
    nextHopSelf: false,
    nextHop4: Uint8Array.of(192, 0, 2, neighbor),
    nextHop6: new Uint8Array(16),
  };
}

/** Four groups; who exports is noted, and says whether it has more. */
function fourGroups(hasMore: (group: number) => boolean = () => false) {
  const fabric = new Fabric(smallMemory(), 0, describeFor(65_000));
  const routes = new Routes(fabric, 0, NOBODY);
  const groups = new Groups(fabric, routes, LIMITS, new Journal(fabric, 0), new PolicyBook(fabric, []));
  const exported: number[] = [];
  const all = [0, 1, 2, 3].map((session) => {
    const group = groups.admit(session, rulesOf(session));
    group.export = () => {
      exported.push(session);
      group.cursor = hasMore(session) ? 0 : -1;
      return hasMore(session);
    };
    return group;
  });
  const call = (late: () => boolean): boolean => groups.export(0, () => {}, late);
  return { groups, all, exported, call };
}

test('when it is late, the groups that are left export in the next call, each once', (t) => {
  const { groups, exported, call } = fourGroups();
  for (let i = 0; i < 3; i++) {
    t.true(call(ALWAYS));
    t.true(groups.interrupted);
  }
  t.false(call(ALWAYS), 'all have had their turn, and nobody has more');
  t.false(groups.interrupted);
  t.deepEqual(exported, [0, 1, 2, 3]);
  t.false(call(ALWAYS), 'who has nothing to do takes no time: a blade at rest finds that in one turn');
  t.deepEqual(exported, [0, 1, 2, 3, 0, 1, 2, 3]);
});

test('who had more in a call before the last one is not forgotten', (t) => {
  const { call } = fourGroups((group) => group === 0);
  t.true(call(ALWAYS));
  t.true(call(NEVER), 'the first group has more');
});

test('a group that goes away between two calls has nobody passed over', (t) => {
  const { groups, all, exported, call } = fourGroups();
  call(ALWAYS);
  call(ALWAYS);
  groups.dismiss(0, all[0] as (typeof all)[number]);
  call(NEVER);
  t.deepEqual(exported, [0, 1, 2, 3]);
});

test('when it is late, the siblings whose records are left come first the next time', (t) => {
  const memory = smallMemory({ ringRecords: 16 });
  const routes = new Routes(new Fabric(memory, 0, describeFor(65_000)), 0, NOBODY);
  const siblings = [1, 2, 3].map((slot) =>
    new Fabric(memory, slot, describeFor(65_000)).ringBetween(slot, 0),
  );
  const waiting = (): number[] =>
    siblings.map((_, i) => new Fabric(memory, 0, describeFor(65_000)).ringBetween(i + 1, 0).waiting());
  const tell = (): void => {
    for (const ring of siblings) {
      for (let id = 0; id < 4; id++) ring.claim(id, 0);
      ring.publish();
    }
  };
  tell();
  t.true(routes.takeRecords(LIMITS.records, ALWAYS));
  t.deepEqual(waiting(), [0, 4, 4]);
  tell();
  t.true(routes.takeRecords(LIMITS.records, ALWAYS));
  t.deepEqual(waiting(), [4, 0, 8]);
  t.true(routes.takeRecords(LIMITS.records, ALWAYS));
  t.deepEqual(waiting(), [4, 0, 0]);
  t.false(routes.takeRecords(LIMITS.records, NEVER));
  t.deepEqual(waiting(), [0, 0, 0]);
});

test('of one sibling that tells much as much is taken as there is time for', (t) => {
  const memory = smallMemory({ blades: 2, ringRecords: 4096 });
  const routes = new Routes(new Fabric(memory, 0, describeFor(65_000)), 0, NOBODY);
  const ring = new Fabric(memory, 1, describeFor(65_000)).ringBetween(1, 0);
  for (let id = 0; id < 3000; id++) ring.claim(id, 0);
  ring.publish();
  for (const left of [3000 - 1024, 3000 - 2048]) {
    t.true(routes.takeRecords(LIMITS.records, ALWAYS));
    t.is(new Fabric(memory, 0, describeFor(65_000)).ringBetween(1, 0).waiting(), left);
  }
  t.false(routes.takeRecords(LIMITS.records, ALWAYS));
  t.is(routes.siblings.recordsReceived, 3000);
});
