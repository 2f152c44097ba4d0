import test from 'ava';
import { type Placed, placeAll } from '../../src/chassis/placement.ts';

const told: Placed['neighbor'] = {
  export: 'accept',
  families: ['ipv4-unicast'],
  external: true,
  nextHopSelf: false,
  routeReflectorClient: false,
};
const deaf = { ...told, export: 'reject' };
const anywhere = (neighbor: Placed['neighbor'], count: number): Placed[] =>
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
