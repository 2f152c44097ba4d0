/** Route origin validation against the plain reading of RFC 6811, and sets and tables of VRPs. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { buildVrpTable, difference } from '../../src/rpki/build.ts';
import { NO_ORIGIN, VALIDITY, type Vrp, type VrpTable } from '../../src/rpki/table.ts';
import { type AddressWords, VrpSet } from '../../src/rpki/vrp-set.ts';

const SEED = 6811;

/** Few addresses and lengths, so that much covers much. */
function randomVrp(random: Random, words: AddressWords): Vrp {
  const length = random.below(words === 1 ? 33 : 129);
  const address = randomAddress(random, words, length);
  const maxLength = length + random.below(32 * words - length + 1);
  return { address, length, maxLength, as: random.below(4) };
}

function randomAddress(random: Random, words: AddressWords, length: number): number[] {
  return Array.from({ length: words }, (_, i) => {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    const word = (0x0a000000 | (random.below(4) << 22) | (random.below(3) << 7) | random.below(3)) >>> 0;
    return bits === 0 ? 0 : ((word >>> (32 - bits)) << (32 - bits)) >>> 0;
  });
}

function covers(vrp: Vrp, address: readonly number[], length: number): boolean {
  if (vrp.address.length !== address.length || vrp.length > length) return false;
  const bits = (words: readonly number[]): string =>
    words
      .map((word) => word.toString(2).padStart(32, '0'))
      .join('')
      .slice(0, vrp.length);
  return bits(vrp.address) === bits(address);
}

/** RFC 6811 2, to the letter. */
function plain(vrps: readonly Vrp[], address: readonly number[], length: number, origin: number): number {
  const covering = vrps.filter((vrp) => covers(vrp, address, length));
  if (covering.length === 0) return VALIDITY.notFound;
  const matches = ({ maxLength, as }: Vrp): boolean =>
    length <= maxLength && origin !== NO_ORIGIN && as === origin;
  return covering.some(matches) ? VALIDITY.valid : VALIDITY.invalid;
}

function setOf(vrps: readonly Vrp[], words: AddressWords): VrpSet {
  const set = new VrpSet(words);
  for (const { address, length, maxLength, as } of vrps) {
    if (address.length === words) set.add(address, length, maxLength, as);
  }
  return set;
}

const tableOf = (vrps: readonly Vrp[]): VrpTable =>
  buildVrpTable(setOf(vrps, 1).rows(), setOf(vrps, 4).rows());

function validate(table: VrpTable, address: readonly number[], length: number, origin: number): number {
  const [a, b, c, d] = address as [number, number, number, number];
  return address.length === 1
    ? table.validate4(a, length, origin)
    : table.validate6(a, b, c, d, length, origin);
}

test('any route is as valid as RFC 6811 says', (t) => {
  const random = new Random(SEED);
  const seen = new Set<number>();
  for (let round = 0; round < 60; round++) {
    const words = round % 2 === 0 ? 1 : 4;
    const vrps = Array.from({ length: random.below(60) }, () => randomVrp(random, words));
    const table = tableOf(vrps);
    for (let i = 0; i < 100; i++) {
      const length = random.below(32 * words + 1);
      const address = randomAddress(random, words, length);
      const origin = random.below(4);
      const expected = plain(vrps, address, length, origin);
      seen.add(expected);
      t.is(
        validate(table, address, length, origin),
        expected,
        `seed ${SEED}, round ${round}, ${address}/${length} ${origin}`,
      );
      const covering = vrps.filter((vrp) => covers(vrp, address, length)).map((vrp) => JSON.stringify(vrp));
      const found = table.covering(address, length).map((vrp) => JSON.stringify(vrp));
      t.deepEqual(found.toSorted(), [...new Set(covering)].toSorted());
    }
  }
  t.is(seen.size, 3);
});

test('a set of VRPs holds what was added and not removed', (t) => {
  const random = new Random(SEED);
  for (const words of [1, 4] as const) {
    const set = new VrpSet(words);
    const expected = new Map<string, Vrp>();
    for (let i = 0; i < 5000; i++) {
      const vrp = randomVrp(random, words);
      const { address, length, maxLength, as } = vrp;
      const key = JSON.stringify(vrp);
      if (random.below(3) > 0) {
        t.is(set.add(address, length, maxLength, as), !expected.has(key));
        expected.set(key, vrp);
      } else t.is(set.remove(address, length, maxLength, as), expected.delete(key));
    }
    t.is(set.size, expected.size);
    const rows =
      words === 1
        ? buildVrpTable(set.rows(), new Uint32Array(0))
        : buildVrpTable(new Uint32Array(0), set.rows());
    t.deepEqual(
      [...rows.rows()].map((vrp) => JSON.stringify(vrp)).toSorted(),
      [...expected.keys()].toSorted(),
    );
    set.clear();
    t.is(set.size, 0);
    t.true(set.add(Array<number>(words).fill(0), 0, 8, 1));
  }
});

test('the difference of two tables holds what only one of them has', (t) => {
  const random = new Random(SEED);
  const all = Array.from({ length: 200 }, (_, i) => randomVrp(random, i % 2 === 0 ? 1 : 4));
  const unique = [...new Map(all.map((vrp) => [JSON.stringify(vrp), vrp])).values()];
  const before = unique.slice(0, 120);
  const after = unique.slice(40);
  const changed = [...difference(tableOf(before), tableOf(after)).rows()].map((vrp) => JSON.stringify(vrp));
  const expected = [...unique.slice(0, 40), ...unique.slice(120)].map((vrp) => JSON.stringify(vrp));
  t.deepEqual(changed.toSorted(), expected.toSorted());
  t.is(difference(tableOf(after), tableOf(after)).size4, 0);
});
