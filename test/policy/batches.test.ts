/** What policies make of many routes together is what they make of one after the other, and what a walk through the statements says. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';
import { AttributeView } from '../../src/policy/attributes.ts';
import { PolicyBook } from '../../src/policy/book.ts';
import { routeTest } from '../../src/policy/conditions.ts';
import type { Action, Condition, PolicyDefinition, Statement, Then } from '../../src/policy/language.ts';
import { buildPrefixTable, type PrefixEntry } from '../../src/policy/prefix-set.ts';
import { compile, type Program } from '../../src/policy/program.ts';
import { trace } from '../../src/policy/runner.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';

const POLICIES = 150;
const BATCHES = 6;
/** Routes in a batch at most. */
const MOST = 90;
const NEIGHBOR = { address: Uint8Array.of(192, 0, 2, 2), as: 64_501, external: true, localAs: 65_000 };

const range = (random: Random, most: number): readonly [number, number] => {
  const from = random.below(most);
  return [from, from + random.below(most)];
};

/** IPv4 of few bits, and IPv6, so that entries cover what is asked of. */
function entryOf(random: Random): PrefixEntry {
  const ipv6 = random.below(4) === 0;
  const length = (ipv6 ? 16 : 8) + random.below(17);
  const bytes = new Uint8Array(ipv6 ? 16 : 4);
  bytes[0] = 32;
  bytes[1] = random.below(4) << 6;
  for (let bit = length; bit < 16; bit++)
    bytes[bit >> 3] = (bytes[bit >> 3] as number) & ~(0x80 >> (bit & 7));
  return { bytes, length, from: length, to: length + random.below(bytes.length * 8 - length + 1) };
}

/** So many, far from what is asked of, that a set has hints. */
const FAR = Array.from(
  { length: 1 << 12 },
  (_, i): PrefixEntry => ({ bytes: Uint8Array.of(127, i >> 8, i, 0), length: 24, from: 24, to: 24 }),
);

function conditionOf(random: Random): Condition {
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2: {
      const entries = Array.from({ length: 1 + random.below(4) }, () => entryOf(random));
      const more = random.below(8) === 0 ? FAR : [];
      return { kind: 'prefix', tables: [buildPrefixTable([...entries, ...more])] };
    }
    case 3:
    case 4:
      return { kind: 'length', ranges: [range(random, 24)] };
    case 5:
      return { kind: 'family', families: 1 + random.below(3) };
    case 6:
      return { kind: 'rpki', states: [random.below(3)] };
    case 7:
      return { kind: 'number', of: 'path-length', ranges: [range(random, 3)] };
    default:
      return { kind: 'number', of: 'med', ranges: [range(random, 3)] };
  }
}

function actionOf(random: Random): Action {
  const octets = [253, 232, 0, random.below(4)];
  if (random.below(3) === 0) return { kind: 'number', of: 'med', by: 'add', value: 1 };
  return { kind: 'communities', of: 'community', by: 'add', octets };
}

const THEN: readonly Then[] = ['accept', 'reject', 'next', 'next'];

/** Some have more tests than an answer has bits for, some more ways through them than are kept. */
function definitionOf(random: Random): PolicyDefinition {
  const length = random.below(8) === 0 ? 50 : 1 + random.below(7);
  const statements = Array.from({ length }, (): Statement => {
    const some = (most: number): Condition[] =>
      Array.from({ length: random.below(most) }, () => conditionOf(random));
    const set = random.below(2) === 0 ? [] : [actionOf(random)];
    // biome-ignore lint/suspicious/noThenProperty: a key of a statement, and never a function.
    return { if: some(3), unless: some(2), set, then: THEN[random.below(4)] as Then };
  });
  // biome-ignore lint/suspicious/noThenProperty: a key of a statement, and never a function.
  statements.push({ if: [], unless: [], set: [], then: 'accept' });
  return { key: 'random', name: 'random', policies: { random: statements } };
}

function setOf(random: Random): Uint8Array {
  const path = Array.from({ length: random.below(4) }, (_, i) => [0, 0, 1, i]).flat();
  return Uint8Array.from([
    ...[0x40, 1, 1, 0],
    ...(path.length === 0 ? [0x40, 2, 0] : [0x40, 2, 2 + path.length, 2, path.length / 4, ...path]),
    ...[0x40, 3, 4, 192, 0, 2, 1],
    ...(random.below(2) === 0 ? [] : [0x80, 4, 4, 0, 0, 0, random.below(4)]),
  ]);
}

function idOf(random: Random, { prefixes }: Fabric): number {
  const { bytes, length } = entryOf(random);
  const { buffer } = bytes;
  const word = new DataView(buffer).getInt32(0);
  return bytes.length === 4 ? prefixes.intern4(word >>> 0, length) : prefixes.intern6(word, 0, 0, 0, length);
}

/** Step by step; AttrId, or 0. */
function walked(fabric: Fabric, program: Program, id: number, attribute: number): number {
  const { attributes } = fabric;
  const start = attributes.offsetOf(attribute);
  const view = new AttributeView(attributes.bytes, start, start + attributes.lengthOf(attribute));
  const tests = program.routeConditions.map((condition) => routeTest(condition, fabric));
  const verdict = trace(program, tests, view, id, 0);
  if (!verdict.accepted) return 0;
  return attributes.intern(verdict.view.bytes, verdict.view.start, verdict.view.end);
}

test('a batch of routes becomes what each of them would by itself', (t) => {
  const random = new Random(83);
  const options = { ...defaultFabricOptions(1, 2), attributes: 1 << 14, attributeBytes: 2 ** 22 };
  const fabric = new Fabric(createFabricMemory(options), 0, describeFor(65_000));
  const sets = Array.from({ length: 20 }, () => setOf(random)).map((set) =>
    fabric.attributes.intern(set, 0, set.length),
  );
  const seen = { rejected: 0, changed: 0, same: 0 };
  for (let policy = 0; policy < POLICIES; policy++) {
    const definition = definitionOf(random);
    const program = compile(definition, NEIGHBOR);
    const runner = () => new PolicyBook(fabric, [definition]).importer(definition.key, NEIGHBOR);
    const [together, alone] = [runner(), runner()];
    for (let batch = 0; batch < BATCHES; batch++) {
      const count = 1 + random.below(MOST);
      const ids = new Int32Array(count);
      const asked = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        // Sets come in rows; what is withdrawn stands in between, and its prefix may be unknown.
        asked[i] =
          i > 0 && random.below(3) > 0 ? (asked[i - 1] as number) : (sets[random.below(20)] as number);
        if (random.below(9) === 0) asked[i] = 0;
        ids[i] = asked[i] === 0 && random.below(2) === 0 ? -1 : idOf(random, fabric);
      }
      const results = new Int32Array(count).fill(-7);
      together.evaluateAll(ids, asked, count, 0, results);
      for (let i = 0; i < count; i++) {
        const [id, attribute, result] = [ids[i] as number, asked[i] as number, results[i] as number];
        if (attribute === 0) continue;
        const place = `policy ${policy}, batch ${batch}, route ${i}`;
        if (result !== alone.evaluate(id, attribute, 0)) t.fail(`${place}: not as alone`);
        if (result !== walked(fabric, program, id, attribute)) t.fail(`${place}: not as step by step`);
        seen[result === 0 ? 'rejected' : result === attribute ? 'same' : 'changed']++;
      }
      if (random.below(4) === 0) together.forget();
    }
  }
  t.true(Math.min(...Object.values(seen)) > 1000, JSON.stringify(seen));
});
