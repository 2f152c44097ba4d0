import test from 'ava';
import { kindOf } from '../../src/chassis/kinds.ts';
import { type Placed, placeOne, placeAll as placeSessions } from '../../src/chassis/placement.ts';
import { BUCKETS } from '../../src/rib/presence.ts';

const told: Placed['neighbor'] = {
  export: 'accept',
  families: ['ipv4-unicast'],
  external: true,
  nextHopSelf: false,
  routeReflectorClient: false,
};
const deaf = { ...told, export: 'reject' };
type Wish = Omit<Placed, 'index'>;
/** Sessions have indices in the order of the file. */
const placeAll = (wishes: readonly Wish[], slots: number): number[] =>
  placeSessions(
    wishes.map((wish, index) => ({ ...wish, index })),
    slots,
  );
const anywhere = (neighbor: Placed['neighbor'], count: number): Wish[] =>
  Array.from({ length: count }, () => ({ neighbor, wish: undefined }));

test('who is told the same is on one blade where others are told nothing', (t) => {
  const slots = placeAll([...anywhere(deaf, 8), ...anywhere(told, 2)], 8);
  t.is(slots[8], slots[9]);
  const others = slots.slice(0, 8);
  t.false(others.includes(slots[8] as number));
  t.is(new Set(others).size, 7);
});

test('whoever is told more than a blade has its share of is spread as everybody', (t) => {
  t.deepEqual(placeAll(anywhere(told, 5), 2), [0, 1, 0, 1, 0]);
  const slots = placeAll([...anywhere(told, 6), ...anywhere(deaf, 2)], 4);
  for (const slot of [0, 1, 2, 3]) t.is(slots.filter((each) => each === slot).length, 2);
});

test('what the configuration says holds, and draws those that are alike', (t) => {
  const slots = placeAll(
    [...anywhere(deaf, 4), { neighbor: told, wish: 3 }, { neighbor: told, wish: undefined }],
    4,
  );
  t.deepEqual(slots.slice(4), [3, 3]);
});

test('kinds that differ are not drawn to each other', (t) => {
  const other = { ...told, external: false };
  const slots = placeAll([...anywhere(deaf, 2), ...anywhere(told, 1), ...anywhere(other, 1)], 4);
  t.is(new Set(slots).size, 4);
});

/** How many are on each blade. */
const counts = (slots: readonly number[], blades: number) =>
  Array.from({ length: blades }, (_, slot) => slots.filter((each) => each === slot).length);

test('a blade that tells is given no senders while others have less to do', (t) => {
  for (const blades of [2, 4, 8]) {
    const slots = placeAll([...anywhere(deaf, 8), ...anywhere(told, 2)], blades);
    t.is(slots[8], slots[9]);
    const others = counts(slots, blades).filter((_, slot) => slot !== slots[8]);
    t.is(
      others.reduce((a, b) => a + b),
      8,
      `${blades} blades`,
    );
    t.true(Math.max(...others) - Math.min(...others) <= 1);
  }
});

test('it does not matter where in the file they stand', (t) => {
  const slots = placeAll([...anywhere(deaf, 4), ...anywhere(told, 2), ...anywhere(deaf, 4)], 4);
  t.is(slots[4], slots[5]);
  t.is(slots.filter((slot) => slot === slots[4]).length, 2);
});

test('several kinds are spread over the blades, and senders over what they leave', (t) => {
  const kinds = Array.from({ length: 3 }, (_, i) => ({ ...told, exportPolicy: `policy ${i}` }));
  const slots = placeAll([...anywhere(deaf, 9), ...kinds.flatMap((kind) => anywhere(kind, 2))], 4);
  const tellers = new Set(slots.slice(9));
  t.is(tellers.size, 3);
  for (const at of [9, 11, 13]) t.is(slots[at], slots[at + 1]);
  t.false(slots.slice(0, 9).some((slot) => tellers.has(slot)));
});

test('eight kinds on eight blades are one each, and so are senders', (t) => {
  const kinds = Array.from({ length: 8 }, (_, i) => ({ ...told, exportPolicy: `policy ${i}` }));
  const slots = placeAll([...anywhere(deaf, 8), ...kinds.flatMap((kind) => anywhere(kind, 1))], 8);
  t.deepEqual(counts(slots, 8), new Array(8).fill(2));
  t.is(new Set(slots.slice(8)).size, 8);
});

test('whoever is told by policies of the same name but by other rules is of another kind', (t) => {
  const slots = placeAll(
    [
      ...anywhere(deaf, 2),
      { neighbor: told, wish: undefined },
      { neighbor: { ...told, localAs: 1 }, wish: undefined },
    ],
    2,
  );
  t.not(slots[2], slots[3]);
});

/** One after the other, as those do that are added while it runs. */
function oneByOne(neighbours: readonly Placed['neighbor'][], blades: number, closed = -1): number[] {
  const placed: (Placed & { wish: number })[] = [];
  for (const neighbor of neighbours) {
    const one = { neighbor, index: placed.length };
    placed.push({ ...one, wish: placeOne(placed, one, blades, (slot) => slot !== closed) });
  }
  return placed.map(({ wish }) => wish);
}

test('who comes while it runs goes where its kind is, and else not there', (t) => {
  const first = oneByOne([told, deaf, deaf, deaf, told, deaf, deaf, deaf], 3);
  t.is(first[0], first[4]);
  t.is(first.filter((slot) => slot === first[0]).length, 2);
  // Where senders were first, one of their blades tells, and is given no more of them.
  const last = oneByOne([deaf, deaf, deaf, told, told, deaf, deaf, deaf], 3);
  t.is(last[3], last[4]);
  t.is(last.filter((slot) => slot === last[3]).length, 3);
});

test('a blade that takes nobody is given nobody, though all of the kind are there', (t) => {
  t.false(oneByOne([told, deaf, told, deaf], 3, 1).includes(1));
  const there = [...anywhere(deaf, 3), ...anywhere(told, 2)].map((each, index) => ({
    ...each,
    index,
    wish: 0,
  }));
  t.not(
    placeOne(there, { neighbor: told, index: 5 }, 2, (slot) => slot !== 0),
    0,
  );
});

test('where all are told something, who comes goes where there are fewest', (t) => {
  t.deepEqual(counts(oneByOne(new Array(7).fill(told), 3), 3), [3, 2, 2]);
});

/** Of which buckets of sessions blades have any, among those that tell nobody. */
function bucketsOf(slots: readonly number[], blades: number, from: number): number[] {
  return Array.from({ length: blades }, (_, slot) => {
    const here = slots.flatMap((each, index) => (each === slot && index >= from ? [index % BUCKETS] : []));
    return new Set(here).size;
  });
}

test('a blade that tells is given so many senders that it has as much to do as the other', (t) => {
  const listener = { ...told, import: 'reject' };
  // What eight bring costs two thirds of eight to tell, and what is left to even out is one of them.
  for (const { listeners, senders, apart } of [
    { listeners: 2, senders: 8, apart: 7 },
    { listeners: 1, senders: 20, apart: 17 },
  ]) {
    const slots = placeAll([...anywhere(deaf, senders), ...anywhere(listener, listeners)], 2);
    t.is(slots.slice(0, senders).filter((slot) => slot !== slots.at(-1)).length, apart);
  }
  // Listeners bring nothing, so that there is nothing to tell.
  t.deepEqual(counts(placeAll(anywhere(listener, 6), 3), 3), [2, 2, 2]);
});

test('with more sessions than buckets, blades have few buckets in common, and as many sessions as others', (t) => {
  for (const blades of [2, 4, 8]) {
    const slots = placeAll([...anywhere(told, 2), ...anywhere(deaf, 1000)], blades);
    const senders = slots.slice(2);
    const here = counts(senders, blades).filter((count) => count > 0);
    // Of two blades the one that tells has time for some, too.
    t.is(here.length, blades === 2 ? 2 : blades - 1);
    t.true(blades === 2 || Math.max(...here) - Math.min(...here) <= 1);
    const buckets = bucketsOf(slots, blades, 2).reduce((sum, each) => sum + each);
    t.true(buckets <= BUCKETS + here.length - 1, `${buckets}`);
  }
});

test('those that come while it runs join their bucket, as far as blades stay about as full', (t) => {
  const slots = oneByOne([told, ...new Array(400).fill(deaf)], 4);
  const here = counts(slots.slice(1), 4).filter((count) => count > 0);
  t.is(here.length, 3);
  t.true(Math.max(...here) <= 1.25 * Math.min(...here) + 2, `${here}`);
  t.true(bucketsOf(slots, 4, 1).reduce((sum, each) => sum + each) <= BUCKETS + 8);
});

test('neighbours that are told something of their own are of different kinds', (t) => {
  const one = { ...told, address: '10.0.0.1', as: 1 };
  const same = { ...one, address: '10.0.0.2' };
  const other = { ...one, address: '10.0.0.3', as: 2 };
  t.is(kindOf(one), kindOf(other));
  t.not(kindOf({ ...one, evaluate: 'all' }), kindOf({ ...same, evaluate: 'all' }));
  for (const more of [{ asOverride: true }, { removePrivateAs: 'all' }] as Partial<Placed['neighbor']>[]) {
    t.is(kindOf({ ...one, ...more }), kindOf({ ...same, ...more }));
    t.not(kindOf({ ...one, ...more }), kindOf({ ...other, ...more }));
  }
  const sharedSubnets = ['10.0.0.0/24'] as unknown as NonNullable<Placed['neighbor']['sharedSubnets']>;
  t.not(kindOf({ ...one, sharedSubnets }), kindOf({ ...same, sharedSubnets }));
  t.not(kindOf({ ...one, tellStale: true }), kindOf({ ...one, tellStale: false }));
});
