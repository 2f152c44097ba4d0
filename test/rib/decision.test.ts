import test from 'ava';
import fc from 'fast-check';
import { writeWithWeight } from '../../src/bgp/weight.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { ATTRIBUTE_ROW, SESSION, SESSION_FLAG } from '../../src/fabric/layout.ts';
import {
  HAS_ORIGINATOR,
  LENGTHS,
  LOCAL_PREF,
  LONG_STALE,
  MED,
  NEIGHBOR_AS,
  ORIGINATOR,
  ROW,
  WEIGHTED,
} from '../../src/rib/attribute-row.ts';
import { decide, STEP, STEP_NAMES } from '../../src/rib/decision.ts';
import { smallMemory } from '../fabric/support/small.ts';

interface Route {
  readonly localPref: number;
  readonly pathLength: number;
  readonly origin: number;
  readonly med: number;
  readonly neighborAs: number;
  readonly originator: number;
  readonly clusters: number;
  readonly external: boolean;
  readonly stale: boolean;
  readonly weight: number;
  readonly peerId: number;
  readonly address: readonly number[];
}

const PLAIN: Route = {
  localPref: 100,
  pathLength: 3,
  origin: 0,
  med: 0,
  neighborAs: 64500,
  originator: 0,
  clusters: 0,
  external: true,
  stale: false,
  weight: 0,
  peerId: 10,
  address: [0, 0, 0xffff, 1],
};

/** A fabric with these routes: route i is attribute set i + 1 of session i. */
function withRoutes(routes: readonly Route[]): Fabric {
  const fabric = new Fabric(smallMemory(), 0, () => {});
  const { bytes, rows } = fabric.attributes;
  for (const [i, route] of routes.entries()) {
    const row = (i + 1) * ROW;
    rows[row + LOCAL_PREF] = route.localPref;
    rows[row + MED] = route.med;
    rows[row + NEIGHBOR_AS] = route.neighborAs;
    rows[row + LENGTHS] =
      route.pathLength |
      (route.origin << 16) |
      (route.clusters << 18) |
      (route.stale ? LONG_STALE : 0) |
      (route.weight > 0 ? WEIGHTED : 0) |
      (route.originator === 0 ? 0 : HAS_ORIGINATOR);
    rows[row + ORIGINATOR] = route.originator;
    // The octets of the set: a weight, or none.
    rows[row + ATTRIBUTE_ROW.offset] = 2 * (i + 1);
    rows[row + ATTRIBUTE_ROW.length] =
      writeWithWeight(bytes, 0, 0, route.weight, bytes, 8 * (i + 1)) - 8 * (i + 1);
    fabric.setSession(i, SESSION.flags, route.external ? SESSION_FLAG.external : 0);
    fabric.setSession(i, SESSION.peerId, route.peerId | 0);
    for (const [word, value] of route.address.entries())
      fabric.setSession(i, SESSION.peerAddress + word, value | 0);
  }
  return fabric;
}

const among = (fabric: Fabric, a: number, b: number): number => decide(fabric, a + 1, a, b + 1, b);

/** Few values of each, so that every step is reached; the large ones have their highest bit set. */
const route: fc.Arbitrary<Route> = fc.record({
  localPref: fc.constantFrom(100, 0xffffffff, 0),
  pathLength: fc.constantFrom(2, 3, 0x3fff),
  origin: fc.nat(2),
  med: fc.constantFrom(0, 5, 0xffffffff),
  neighborAs: fc.constantFrom(64500, 64501, 4_200_000_000),
  originator: fc.constantFrom(0, 7, 0xc0000201),
  clusters: fc.nat(2),
  external: fc.boolean(),
  stale: fc.boolean(),
  weight: fc.constantFrom(0, 0, 1, 0xffffffff),
  peerId: fc.constantFrom(1, 0x7fffffff, 0xc0000201),
  address: fc.constantFrom([0, 0, 0xffff, 1], [0, 0, 0xffff, 0xc0000201], [0x20010db8, 0, 0, 1]),
});

// biome-ignore format: one line per rule
const RULES: readonly (readonly [number, Partial<Route>, Partial<Route>])[] = [
  [STEP.stale, { localPref: 0, pathLength: 3 }, { localPref: 200, pathLength: 1, stale: true }],
  [STEP.stale, { weight: 0 }, { weight: 9, stale: true }],
  [STEP.weight, { weight: 0xffffffff, localPref: 0, pathLength: 9 }, { weight: 7, localPref: 200 }],
  [STEP.weight, { weight: 1, localPref: 0 }, { localPref: 200 }],
  [STEP.localPref, { weight: 7, localPref: 200 }, { weight: 7 }],
  [STEP.localPref, { localPref: 200 }, { localPref: 100, pathLength: 1, origin: 0, external: true }],
  [STEP.localPref, { localPref: 0xffffffff }, { localPref: 1 }],
  [STEP.pathLength, { pathLength: 2, origin: 2 }, { pathLength: 3 }],
  [STEP.origin, { origin: 0, med: 9 }, { origin: 1 }],
  [STEP.origin, { origin: 1 }, { origin: 2 }],
  [STEP.med, { med: 5, external: false }, { med: 6 }],
  [STEP.med, { med: 1 }, { med: 0xffffffff }],
  [STEP.external, { external: true, med: 9, peerId: 99 }, { external: false, neighborAs: 64501, peerId: 1 }],
  [STEP.identifier, { peerId: 5, clusters: 2 }, { peerId: 0xc0000201 }],
  [STEP.identifier, { external: false, originator: 1, peerId: 99 }, { external: false, peerId: 2 }],
  [STEP.clusterList, { external: false, clusters: 0, address: [0, 0, 0xffff, 9] }, { external: false, clusters: 1 }],
  [STEP.address, { address: [0, 0, 0xffff, 5] }, { address: [0, 0, 0xffff, 0xc0000201] }],
  [STEP.address, { address: [0, 0, 0xffff, 5] }, { address: [0x20010db8, 0, 0, 0] }],
];

test('each step decides as RFC 4271 9.1.2.2 says, and the steps before it come first', (t) => {
  for (const [step, better, worse] of RULES) {
    const fabric = withRoutes([
      { ...PLAIN, ...better },
      { ...PLAIN, ...worse },
    ]);
    t.is(among(fabric, 0, 1), step, STEP_NAMES[step]);
    t.is(among(fabric, 1, 0), -step, STEP_NAMES[step]);
  }
  t.deepEqual(Object.values(STEP).length, STEP_NAMES.length);
});

test('MED compares only between routes of the same neighbour AS', (t) => {
  const fabric = withRoutes([
    { ...PLAIN, med: 100, neighborAs: 1, peerId: 1 },
    { ...PLAIN, med: 0, neighborAs: 2, peerId: 2 },
  ]);
  t.is(among(fabric, 0, 1), STEP.identifier);
});

test('routes that are equal in everything part by their sessions, as one link-local address on two links does; a route is the same as itself', (t) => {
  const fabric = withRoutes([PLAIN, PLAIN]);
  t.is(among(fabric, 0, 1), STEP.address);
  t.is(among(fabric, 1, 0), -STEP.address);
  t.is(among(fabric, 1, 1), STEP.same);
});

test('without MED the decision is a total order: antisymmetric, transitive, and nothing ties', (t) => {
  fc.assert(
    fc.property(fc.array(route, { minLength: 3, maxLength: 7 }), (routes) => {
      const fabric = withRoutes(routes.map((each) => ({ ...each, med: 0 })));
      const n = routes.length;
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) {
          const ab = among(fabric, a, b);
          if ((ab === 0) !== (a === b) || ab !== -among(fabric, b, a) + 0) return false;
          for (let c = 0; c < n; c++)
            if (ab > 0 && among(fabric, b, c) > 0 && among(fabric, a, c) <= 0) return false;
        }
      }
      return true;
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('within a neighbour AS the decision is a total order with MED too', (t) => {
  fc.assert(
    fc.property(fc.array(route, { minLength: 3, maxLength: 6 }), (routes) => {
      const fabric = withRoutes(routes.map((each) => ({ ...each, neighborAs: 64500 })));
      const order = routes.map((_, i) => i).toSorted((a, b) => -Math.sign(among(fabric, a, b)));
      return order.every((a, i) => order.slice(i + 1).every((b) => among(fabric, a, b) > 0));
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('every order in which routes arrive gives one best route, when the best of each neighbour AS is taken first', (t) => {
  const routes = fc.array(route, { minLength: 2, maxLength: 7 });
  fc.assert(
    fc.property(routes, fc.infiniteStream(fc.nat()), (given, numbers) => {
      const fabric = withRoutes(given);
      const best = (order: readonly number[]): number => {
        const byAs = new Map<number, number>();
        for (const i of order) {
          const as = (given[i] as Route).neighborAs;
          const held = byAs.get(as);
          if (held === undefined || among(fabric, i, held) > 0) byAs.set(as, i);
        }
        return [...byAs.values()].reduce((a, b) => (among(fabric, b, a) > 0 ? b : a));
      };
      const all = given.map((_, i) => i);
      const expected = best(all);
      for (let run = 0; run < 5; run++) {
        const keys = all.map(() => numbers.next().value as number);
        if (best(all.toSorted((a, b) => (keys[a] as number) - (keys[b] as number))) !== expected)
          return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
