import test from 'ava';
import fc from 'fast-check';
import { copyOctets, copyWords, dataViewOf, hashOctets, sameOctets } from '../../src/base/octets.ts';

const octets = fc.uint8Array({ maxLength: 70 });
const offset = fc.nat(9);

/** The octets at an offset in an array of their own, in either kind of memory. */
function placed(value: Uint8Array, at: number, shared: boolean): Uint8Array {
  const length = at + value.length;
  const bytes = new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length)).fill(0xee);
  bytes.set(value, at);
  return bytes;
}

test('equal octets have one hash, wherever they stand', (t) => {
  fc.assert(
    fc.property(octets, offset, offset, (value, one, other) => {
      const [a, b] = [placed(value, one, true), placed(value, other, false)];
      const hash = hashOctets(dataViewOf(a), one, a.length);
      t.is(hash, hashOctets(dataViewOf(b), other, b.length));
      t.true(hash >= 0 && hash <= 0xffffffff);
    }),
  );
});

test('one octet more, less or other makes another hash, and is never the same', (t) => {
  fc.assert(
    fc.property(octets, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, where, change) => {
      const other = value.length === 0 ? Uint8Array.of(change) : value.slice();
      if (value.length > 0) other[where % value.length]! ^= change;
      const longer = placed(Uint8Array.of(0), value.length, false);
      longer.set(value);
      const hash = hashOctets(dataViewOf(value), 0, value.length);
      const words = new Int32Array(20);
      const bytes = new Uint8Array(words.buffer);
      copyOctets(words, bytes, 1, dataViewOf(value), 0, value.length);
      t.true(sameOctets(words, bytes, 1, dataViewOf(value), 0, value.length));
      t.false(sameOctets(words, bytes, 1, dataViewOf(other), 0, other.length));
      for (const different of [other, longer]) {
        t.not(hashOctets(dataViewOf(different), 0, different.length), hash);
      }
    }),
  );
});

test('a copy has the octets, and touches no other', (t) => {
  fc.assert(
    fc.property(octets, offset, offset, (value, from, to) => {
      const source = placed(value, from, true);
      const words = new Int32Array(30).fill(-1);
      const bytes = new Uint8Array(words.buffer);
      copyOctets(words, bytes, 2, dataViewOf(source), from, source.length);
      const into = new Uint8Array(100).fill(7);
      t.is(copyWords(source, from, source.length, into, to), to + value.length);
      t.deepEqual(bytes.slice(8, 8 + value.length), value);
      t.deepEqual(into.slice(to, to + value.length), value);
      t.true(bytes.every((octet, i) => octet === 255 || (i >= 8 && i < 8 + value.length)));
      t.true(into.every((octet, i) => octet === 7 || (i >= to && i < to + value.length)));
    }),
  );
});

test('an array has one DataView, and a part of a buffer has its own', (t) => {
  const buffer = new ArrayBuffer(16);
  const arrays = Array.from({ length: 8 }, (_, i) => new Uint8Array(buffer, i, 8));
  new Uint8Array(buffer).forEach((_, i, all) => {
    all[i] = i;
  });
  const views = arrays.map(dataViewOf);
  for (const [i, bytes] of arrays.entries()) {
    t.is(dataViewOf(bytes), views[i] as DataView);
    t.is(views[i]?.getUint8(0), i);
    t.is(views[i]?.byteLength, 8);
  }
});
