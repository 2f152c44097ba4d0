import test from 'ava';
import fc from 'fast-check';
import { canonicalAddress, canonicalPrefix, ipv4ToU32 } from '../../src/config/address.ts';
import { editDistance, nearest } from '../../src/config/nearest.ts';

const PREFIXES: [written: string, canonical: string | undefined][] = [
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.77/24', '192.0.2.0/24'],
  ['10.255.255.255/9', '10.128.0.0/9'],
  ['1.2.3.4', '1.2.3.4/32'],
  ['1.2.3.4/0', '0.0.0.0/0'],
  ['2001:DB8:ffff::1/33', '2001:db8:8000::/33'],
  ['2001:db8::1', '2001:db8::1/128'],
  ['::/0', '::/0'],
  ['ffff::/1', '8000::/1'],
  ['::192.0.2.1/120', '::192.0.2.0/120'],
  ['192.0.2.0/33', undefined],
  ['2001:db8::/129', undefined],
  ['192.0.2.0/24/1', undefined],
  ['192.0.2.0/', undefined],
  ['192.0.2.0/-1', undefined],
  ['192.0.2/24', undefined],
  ['fe80::1%lo/64', undefined],
  ['', undefined],
];
for (const [written, canonical] of PREFIXES) {
  test(`the prefix "${written}" is ${canonical ?? 'none'}`, (t) => t.is(canonicalPrefix(written), canonical));
}

test('canonical forms are their own canonical form', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 128 }), (address, length) => {
      const canonical = canonicalAddress(address);
      if (canonical === undefined || canonicalAddress(canonical) !== canonical) throw new Error(address);
      const prefix = canonicalPrefix(`${address}/${length}`);
      if (prefix !== undefined && canonicalPrefix(prefix) !== prefix) throw new Error(prefix);
    }),
  );
  t.is(canonicalAddress('::FFFF:192.0.2.1'), '192.0.2.1');
  t.is(ipv4ToU32('255.0.0.1'), 0xff000001);
});

test('distance counts letters that are wrong, missing, too many or swapped', (t) => {
  t.is(editDistance('', 'abc'), 3);
  t.is(editDistance('hold', 'hodl'), 1);
  t.is(editDistance('neighbours', 'neighbors'), 1);
  t.is(editDistance('kitten', 'sitting'), 3);
});

test('the nearest word is suggested only where it is near', (t) => {
  const known = ['hold-time', 'local-address', 'port', 'passive'];
  t.is(nearest('holdTime', known), 'hold-time');
  t.is(nearest('hold_tiem', known), 'hold-time');
  t.is(nearest('local', known), 'local-address');
  t.is(nearest('prot', known), 'port');
  t.is(nearest('zebra', known), undefined);
});
