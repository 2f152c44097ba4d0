/** A set that a policy made is described with the description of what it was made of: as if it had been described from its octets. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';
import { type Change, changeOf } from '../../src/policy/actions.ts';
import { Arena, AttributeView } from '../../src/policy/attributes.ts';
import type { Action } from '../../src/policy/language.ts';
import { CHANGED, describeFor, LOCAL_PREF, ROW } from '../../src/rib/attribute-row.ts';

const HISTORIES = 5000;
const AS = 65_000;

/** GRACEFUL_SHUTDOWN, LLGR_STALE, and some that no description says. */
const COMMUNITIES = [
  [255, 255, 0, 0],
  [255, 255, 0, 6],
  [0, 1, 0, 1],
  [0, 1, 0, 2],
  [255, 255, 0, 1],
];
const EXTENDED = [0, 2, 253, 232, 0, 0, 0, 1];

const some = (random: Random): number[] =>
  COMMUNITIES.filter(() => random.below(4) === 0)
    .sort((a, b) => (Buffer.from(a) < Buffer.from(b) ? -1 : 1))
    .flat();

function setOf(random: Random): Uint8Array {
  // Half of them have nothing that keeps them from a trait.
  const isPlain = random.below(2) === 0;
  const maybe = (octets: readonly number[]): readonly number[] =>
    isPlain || random.below(3) === 0 ? [] : octets;
  const communities = some(random);
  const path = Array.from({ length: random.below(4) }, () => [0, 0, 253, 232 + random.below(2)]);
  return Uint8Array.from([
    ...[0x40, 1, 1, random.below(3)],
    ...[0x40, 2, path.length === 0 ? 0 : 2 + 4 * path.length],
    ...(path.length === 0 ? [] : [2, path.length, ...path.flat()]),
    ...[0x40, 3, 4, 192, 0, 2, random.below(20)],
    ...maybe([0x80, 4, 4, 0, 0, 0, random.below(3)]),
    ...maybe([0x40, 5, 4, 0, 0, 0, random.below(3) * 50]),
    ...(communities.length === 0 ? [] : [0xc0, 8, communities.length, ...communities]),
    ...maybe([0x80, 9, 4, 10, 0, 0, 1]),
    ...maybe([0x80, 10, 4, 1, 1, 1, 1]),
    ...maybe([0xc0, 32, 12, 255, 255, 0, 0, 255, 255, 0, 6, 0, 0, 0, 0]),
  ]);
}

function actionOf(random: Random): Action {
  const value = random.below(3) * 100;
  switch (random.below(10)) {
    case 0:
    case 1:
      return { kind: 'communities', of: 'community', by: 'add', octets: some(random) };
    case 2:
      return { kind: 'communities', of: 'community', by: 'set', octets: some(random) };
    case 3: {
      const parts = [[0, 65_535] as const, [random.below(7), 6] as const];
      return { kind: 'communities', of: 'community', by: 'remove', patterns: [{ form: 'parts', parts }] };
    }
    case 4:
    case 5:
      return { kind: 'number', of: 'local-pref', by: random.below(2) === 0 ? 'set' : 'add', value };
    case 6:
      if (random.below(3) === 0)
        return { kind: 'communities', of: 'ext-community', by: 'add', octets: EXTENDED };
      return {
        kind: 'communities',
        of: 'large-community',
        by: 'add',
        octets: [0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 7],
      };
    case 7:
      return random.below(2) === 0
        ? { kind: 'number', of: 'med', by: 'set', value }
        : { kind: 'remove', of: 'med' };
    case 8:
      return random.below(2) === 0
        ? { kind: 'prepend', times: 1 + random.below(2) }
        : { kind: 'origin', origin: random.below(3) };
    default:
      return random.below(2) === 0
        ? { kind: 'next-hop', octets: [198, 51, 100, random.below(20)] }
        : { kind: 'number', of: 'weight', by: 'set', value };
  }
}

/** As a program does where one change follows the other (outcomes.ts). */
function joined(changes: readonly Change[]): Change[] {
  const result: Change[] = [];
  for (const change of changes) {
    const both = result.at(-1)?.and?.(change);
    if (both !== undefined) result.pop();
    result.push(both ?? change);
  }
  return result;
}

for (const nextHops of [0, 16, 64])
  test(`what changes make of a set is described as its octets are, ${nextHops} next hops`, (t) => {
    const random = new Random(31 + nextHops);
    const options = { ...defaultFabricOptions(1, 2), attributes: 1 << 14, attributeBytes: 2 ** 22, nextHops };
    const memory = createFabricMemory(options);
    const { attributes, hops } = new Fabric(memory, 0, describeFor(AS, memory));
    const describe = describeFor(AS, memory);
    const arena = new Arena();
    const row = new Uint32Array(attributes.rows.length);
    const traits = new Uint8Array(attributes.traits.length);
    let derived = 0;
    let traitsDerived = 0;
    for (let i = 0; i < HISTORIES; i++) {
      const set = setOf(random);
      const made = attributes.intern(set, 0, set.length);
      arena.clear();
      const changes = joined(
        Array.from({ length: 1 + random.below(3) }, () => changeOf(actionOf(random), AS)),
      );
      const start = attributes.offsetOf(made);
      const base = new AttributeView(attributes.bytes, start, start + attributes.lengthOf(made), arena);
      const view = changes.reduce((result, change) => change.apply(result), base);
      if (view !== base && (view.changes & CHANGED.more) === 0) derived++;
      const id = attributes.internChanged(view.bytes, view.start, view.end, made, view.changes);
      const at = id * ROW + LOCAL_PREF;
      const hop = hops?.ofSets[id];
      describe(view.bytes, view.start, view.end, row, at, 0, 0, traits);
      t.deepEqual(attributes.rows.slice(at, id * ROW + ROW), row.slice(at, id * ROW + ROW), `history ${i}`);
      // Without one a set is told as an own one: what may have gone is not looked for.
      const trait = attributes.traits[id];
      if (trait !== 0) t.is(trait, traits[id], `history ${i}`);
      if (trait !== 0 && id !== made) traitsDerived++;
      // Where the table of next hops was full it may have been full then, too.
      t.is(hop, hops?.ofSets[id]);
    }
    t.true(derived > HISTORIES / 8, `${derived} were derived`);
    t.true(traitsDerived > HISTORIES / 20, `${traitsDerived} traits`);
  });
