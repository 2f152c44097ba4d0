/** Who had somebody to tell goes on hearing of everything for a while, so that a neighbour that comes and goes has no tables walked. */
import test from 'ava';
import { LIMITS } from '../../src/blade/limits.ts';
import { Routes, type RoutesListener } from '../../src/blade/routes/routes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { BLADE_WORD } from '../../src/fabric/layout.ts';
import { ALL } from '../../src/ibgp-internal/interest.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';

const NOBODY = new Proxy({} as RoutesListener, { get: () => () => {} });

test('a blade that told somebody lately is told of everything, and no longer after a minute', (t) => {
  const fabric = new Fabric(smallMemory({ blades: 2, sessions: 4 }), 0, describeFor(65_000));
  const routes = new Routes(fabric, 0, NOBODY);
  for (let i = 0; i < 3; i++) fabric.prefixes.intern4(i << 8, 24);
  const interest = () => fabric.bladeWord(0, BLADE_WORD.interest);
  const at = (seconds: number, tells: boolean) => {
    while (routes.attendTo(tells, true, { ...LIMITS, walk: 2 }, seconds * 1000));
    return interest() === ALL;
  };
  t.false(at(0, false), 'it never told anybody');
  t.is(routes.attention.until, Infinity);
  t.true(at(10, true));
  t.is(routes.attention.until, Infinity);
  t.true(at(20, false));
  t.is(routes.attention.until, 10_000 + LIMITS.attentive);
  t.true(at(50, true));
  t.true(at(109, false), 'a minute from when it told somebody last');
  t.false(at(110, false));
  t.is(routes.attention.until, Infinity);
});

test('where one step looks at all prefixes, it is told no longer than it needs', (t) => {
  const fabric = new Fabric(smallMemory({ blades: 2, sessions: 4 }), 0, describeFor(65_000));
  const routes = new Routes(fabric, 0, NOBODY);
  for (const tells of [true, false]) {
    while (routes.attendTo(tells, true, LIMITS, 1000));
    t.is(fabric.bladeWord(0, BLADE_WORD.interest) === ALL, tells);
  }
  t.is(routes.attention.until, Infinity);
});
