import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import {
  formatAddress,
  formatIpv4,
  formatIpv6,
  formatIpv6Words,
  formatPrefix4,
  formatPrefix6,
  ipv4Bytes,
  ipv4FromBytes,
  ipv6Word,
  isLinkLocal,
  parseAddress,
  parseIpv4,
  parseIpv6,
  parsePrefix,
} from '../../src/base/address.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
/** Mostly zeros, so that there are runs to shorten. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])));

test('an IPv4 address is read back from its text', (t) => {
  fc.assert(
    fc.property(u32, (address) => {
      t.is(parseIpv4(formatIpv4(address)), address);
      t.is(ipv4FromBytes(ipv4Bytes(address)), address);
      t.deepEqual(parseAddress(formatIpv4(address)), ipv4Bytes(address));
    }),
  );
});

test('an IPv6 address is read back from its text, which is the one that Node.js writes', (t) => {
  fc.assert(
    fc.property(ipv6, (bytes) => {
      const text = formatIpv6(bytes);
      t.deepEqual(parseIpv6(text), bytes, text);
      // Node.js still writes the IPv4-compatible form, "::1.2.3.4", which RFC 4291 2.5.5.1 gave up.
      const compatible = bytes.subarray(0, 12).every((octet) => octet === 0);
      if (!compatible) t.is(text, new SocketAddress({ address: text, family: 'ipv6' }).address);
      const words = [0, 1, 2, 3].map((i) => ipv6Word(bytes, i)) as [number, number, number, number];
      t.is(formatIpv6Words(...words), text);
    }),
    { numRuns: 1000 },
  );
});

/** RFC 5952's own examples, and others. */
const TEXTS: readonly (readonly [string, string])[] = [
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8::0:1', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['::', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['fe80::', 'fe80::'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['::ffff:c000:201', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
];

test('one address has one text (RFC 5952)', (t) => {
  for (const [given, expected] of TEXTS) {
    const bytes = parseIpv6(given);
    t.truthy(bytes, given);
    if (bytes !== undefined) t.is(formatAddress(bytes), expected);
  }
});

test('what is taken for an address is what Node.js takes for one', (t) => {
  const pieces = fc.constantFrom(
    '1',
    '0',
    '255',
    '256',
    '01',
    '.',
    ':',
    '::',
    'ffff',
    'fffff',
    'G',
    '1.2.3.4',
    '-1',
    ' ',
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 10 }).map((list) => list.join('')),
    fc.ipV4(),
    fc.ipV6(),
  );
  fc.assert(
    fc.property(text, (given) => {
      t.is(parseIpv4(given) !== undefined, isIPv4(given), given);
      t.is(parseIpv6(given) !== undefined, isIPv6(given), given);
    }),
    { numRuns: 3000 },
  );
});

test('a prefix is read back from its text; what is none is refused', (t) => {
  for (const text of [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '192.0.2.1/32',
    '::/0',
    '2001:db8::/32',
    '2001:db8::1/128',
  ]) {
    const prefix = parsePrefix(text);
    t.truthy(prefix, text);
    if (prefix !== undefined) t.is(`${formatAddress(prefix.bytes)}/${prefix.length}`, text);
  }
  for (const text of [
    '',
    '/',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.1/8',
    '::/129',
    '::1/127',
    '10.0.0.0/8/8',
    'x/8',
    '10.0.0.0/-1',
    '2001:db8::/28',
  ]) {
    t.is(parsePrefix(text), undefined, text);
  }
  t.is(formatPrefix4(0x0a000000, 8), '10.0.0.0/8');
  t.is(formatPrefix6(0x20010db8, 0, 0, 0, 32), '2001:db8::/32');
});

test('fe80::/10 is link-local, and what begins with the same letters is not', (t) => {
  for (const text of ['fe80::1', 'FEBF::1', 'fe80::1%eth0', 'fe9a:1::']) t.true(isLinkLocal(text), text);
  for (const text of ['fe8::1', 'fec0::1', '2001:db8::1', '192.0.2.1']) t.false(isLinkLocal(text), text);
});
