/** Prefix lists as sets: whatever the order of permits and denies, a set holds exactly the prefixes that the list permits. */
import test from 'ava';
import { ipv4Bytes } from '../../src/base/address.ts';
import { Random } from '../../src/base/random.ts';
import { type Block, blockText, type Entry, parseEntry, permitted } from '../../src/frr/prefixes.ts';

const SEED = 1812;

function holds({ address, length, from, to }: Block, prefix: number, bits: number): boolean {
  const mask = length === 0 ? 0 : (~0 << (32 - length)) >>> 0;
  const mine = new DataView(address.buffer, address.byteOffset).getUint32(0);
  return bits >= Math.max(length, from) && bits <= to && (prefix & mask) >>> 0 === mine;
}

/** Few addresses, so that much is within much. */
function randomPrefix(random: Random): { address: number; length: number } {
  const length = random.below(9) === 0 ? random.below(33) : 4 + random.below(8);
  const address = (random.below(16) << 28) | (random.below(8) << 22) | random.below(4);
  return { address: (length === 0 ? 0 : address & (~0 << (32 - length))) >>> 0, length };
}

function randomEntry(random: Random): Entry {
  const { address, length } = randomPrefix(random);
  const from = random.below(2) === 0 ? length : length + random.below(33 - length);
  const to = random.below(3) === 0 ? from : from + random.below(33 - from);
  return { address: ipv4Bytes(address), length, from, to, permit: random.below(5) < 3 };
}

test('any list becomes a set that holds what the first entry that matches permits', (t) => {
  const random = new Random(SEED);
  let held = 0;
  for (let round = 0; round < 300; round++) {
    const entries = Array.from({ length: 1 + random.below(8) }, () => randomEntry(random));
    const set = permitted(entries) as Block[];
    for (let i = 0; i < 60; i++) {
      const { address, length } = randomPrefix(random);
      const expected = entries.find((entry) => holds(entry, address, length))?.permit ?? false;
      const found = set.some((block) => holds(block, address, length));
      if (found) held++;
      t.is(found, expected, `seed ${SEED}, round ${round}: ${address.toString(16)}/${length}`);
    }
  }
  t.true(held > 200, `${held}`);
});

test('blocks are read as FRR has them, and written so that they are read the same', (t) => {
  const cases: readonly [text: string, written: string | undefined][] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.0.0.0/8 le 24', '10.0.0.0/8 le 24'],
    ['10.0.0.0/8 ge 24', '10.0.0.0/8 ge 24 le 32'],
    ['10.0.0.0/8 ge 12 le 24', '10.0.0.0/8 ge 12 le 24'],
    ['10.0.0.0/8 le 24 ge 12', '10.0.0.0/8 ge 12 le 24'],
    ['any', '0.0.0.0/0 le 32'],
    ['10.0.0.0/33', undefined],
    ['10.0.0.0', undefined],
    ['10.0.0.0/8 ge 33', undefined],
    ['10.0.0.0/8 le', undefined],
    ['10.0.0.0/8 eq 9', undefined],
    ['2001:db8::/32', undefined],
  ];
  for (const [text, written] of cases) {
    const block = parseEntry(text.split(' '), false);
    t.is(block === undefined ? undefined : blockText(block), written, text);
  }
  t.is(blockText(parseEntry(['2001:db8::/32', 'ge', '48'], true) as Block), '2001:db8::/32 ge 48 le 128');
  t.is(blockText(parseEntry(['any'], true) as Block), '::/0 le 128');
});
