/** Communities that a policy adds come to stand among those that are there, in order and once each. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { changeOf } from '../../src/policy/actions.ts';
import { AttributeView } from '../../src/policy/attributes.ts';

const HISTORIES = 2000;
const COMMUNITIES = 8;

function octetsOf(values: readonly number[]): number[] {
  return values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
}

function header(length: number): number[] {
  return length > 255 ? [0xd0, COMMUNITIES, length >> 8, length & 255] : [0xc0, COMMUNITIES, length];
}

function setOf(communities: readonly number[]): Uint8Array {
  const octets = octetsOf(communities);
  const head = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 192, 0, 2, 1];
  return Uint8Array.from(octets.length === 0 ? head : [...head, ...header(octets.length), ...octets]);
}

function octetsOfView({ bytes, start, end }: AttributeView): Uint8Array {
  return bytes.slice(start, end);
}

test('what is added to a set that stands in order, or in none, makes the set of both', (t) => {
  const random = new Random(11);
  const some = (most: number): number[] =>
    Array.from({ length: random.below(most) }, () => random.below(4) * 0x01000000 + random.below(5));
  const kept: [AttributeView, Uint8Array][] = [];
  for (let i = 0; i < HISTORIES; i++) {
    const there = [...new Set(some(7))];
    if (i % 3 > 0) there.sort((a, b) => a - b);
    // Every hundredth is long.
    if (i % 100 === 99) for (let more = 0; more < 80; more++) there.push(0x05000000 + ((more * 37) % 80));
    const added = some(5);
    const set = setOf(there);
    const view = new AttributeView(set, 0, set.length);
    const change = changeOf(
      { kind: 'communities', of: 'community', by: 'add', octets: octetsOf(added) },
      65_000,
    );
    const all = [...new Set([...there, ...added])];
    const expected = all.length === there.length ? set : setOf(all.sort((a, b) => a - b));
    const result = change.apply(view);
    t.deepEqual(octetsOfView(result), expected, `history ${i}`);
    kept.push([result, expected]);
  }
  // A view is never changed, whatever was made after it.
  t.true(kept.every(([view, expected]) => Buffer.compare(octetsOfView(view), expected) === 0));
});
