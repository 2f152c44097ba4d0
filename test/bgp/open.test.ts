import test from 'ava';
import fc from 'fast-check';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE, MAX_MESSAGE, readHeader } from '../../src/bgp/message.ts';
import {
  acceptOpen,
  as2For,
  type Capabilities,
  type DecodeFailure,
  decodeOpen,
  encodeOpen,
  isFailure,
  negotiate,
  noCapabilities,
  type Open,
} from '../../src/bgp/open.ts';
import { half, shared, word } from './support.ts';

const u16 = fc.nat(0xffff);
const octet = fc.nat(0xff);
const family = fc.record({ afi: u16, safi: octet });

/** With up to 300 octets of unknown capabilities the parameters need the form of RFC 9072. */
const capabilities: fc.Arbitrary<Capabilities> = fc.record({
  multiprotocol: fc.uniqueArray(family, { maxLength: 4, selector: ({ afi, safi }) => `${afi}/${safi}` }),
  routeRefresh: fc.boolean(),
  fourOctetAs: fc.option(fc.integer({ min: 1, max: 0xffffffff }), { nil: undefined }),
  extendedMessage: fc.boolean(),
  extendedNextHop: fc.array(fc.record({ afi: u16, safi: u16, nextHopAfi: u16 }), { maxLength: 3 }),
  enhancedRefresh: fc.boolean(),
  gracefulRestart: fc.option(
    fc.record({
      flags: fc.nat(15),
      restartTime: fc.nat(4095),
      families: fc.array(fc.record({ afi: u16, safi: octet, flags: octet }), { maxLength: 3 }),
    }),
    { nil: undefined },
  ),
  longLived: fc.option(
    fc.array(fc.record({ afi: u16, safi: octet, flags: octet, seconds: fc.nat(0xff_ffff) }), {
      maxLength: 3,
    }),
    { nil: undefined },
  ),
  addPath: fc.array(
    fc.record({ afi: u16, safi: octet, mode: fc.constantFrom(1 as const, 2 as const, 3 as const) }),
    {
      maxLength: 3,
    },
  ),
  role: fc.option(octet, { nil: undefined }),
  unknown: fc.array(
    fc.record({
      code: fc.integer({ min: 128, max: 255 }),
      value: fc.uint8Array({ maxLength: 255, size: '+1' }),
    }),
    { maxLength: 5 },
  ),
});

const open: fc.Arbitrary<Open> = fc
  .record({
    as2: fc.integer({ min: 1, max: 0xffff }),
    holdTime: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
    bgpId: fc.integer({ min: 1, max: 0xffffffff }),
    capabilities,
  })
  .map((fields) => ({ version: 4, as: fields.capabilities.fourOctetAs ?? fields.as2, ...fields }));

function decoded(message: Uint8Array): Open | DecodeFailure {
  return decodeOpen(message, HEADER_LENGTH, message.length);
}

test('an OPEN is decoded to what was encoded, however many capabilities it has', (t) => {
  fc.assert(
    fc.property(open, (told) => {
      const message = shared(encodeOpen(told));
      t.is(readHeader(message, 0, message.length, MAX_MESSAGE), message.length);
      t.deepEqual(decoded(message), told);
    }),
    { numRuns: 300 },
  );
});

const FIXED = [4, ...half(65001), ...half(90), ...word(0x0a000001)];

function raw(
  fixed: readonly number[],
  parameters: readonly number[] = [],
  length = parameters.length,
): Uint8Array {
  return Uint8Array.from([...new Array<number>(HEADER_LENGTH).fill(0), ...fixed, length, ...parameters]);
}

const AS4_CAPABILITY = [65, 4, ...word(65001)];

/** [what, message, subcode, data] */
// biome-ignore format: one line per rule
const REFUSED: readonly (readonly [string, Uint8Array, number, readonly number[]])[] = [
  ['version 3, answered with the one we speak', raw([3, ...FIXED.slice(1)]), 1, [0, 4]],
  ['AS 0', raw([4, 0, 0, ...FIXED.slice(3)]), 2, []],
  ['AS 0 in the capability (RFC 7607)', raw(FIXED, [2, 6, 65, 4, 0, 0, 0, 0]), 2, []],
  ['BGP Identifier 0 (RFC 6286)', raw([...FIXED.slice(0, 5), 0, 0, 0, 0]), 3, []],
  ['an optional parameter that is not capabilities', raw(FIXED, [1, 2, 0, 0]), 4, []],
  ['hold time 1', raw([...FIXED.slice(0, 3), ...half(1), ...FIXED.slice(5)]), 6, []],
  ['hold time 2', raw([...FIXED.slice(0, 3), ...half(2), ...FIXED.slice(5)]), 6, []],
  ['parameters shorter than their length', raw(FIXED, [2, 2, 2, 0], 9), 0, []],
  ['parameters longer than their length', raw(FIXED, [2, 2, 2, 0, 2, 0], 4), 0, []],
  ['a parameter that runs over', raw(FIXED, [2, 9, 2, 0]), 0, []],
  ['half a parameter', raw(FIXED, [2]), 0, []],
  ['a capability that runs over', raw(FIXED, [2, 2, 2, 9]), 0, [2, 9]],
  ['half a capability', raw(FIXED, [2, 1, 2]), 0, [2]],
  ['a 4-octet AS of 3 octets', raw(FIXED, [2, 5, 65, 3, 0, 0, 1]), 0, [65, 3, 0, 0, 1]],
  ['extended parameters that are cut (RFC 9072)', raw(FIXED, [255, 0], 255), 0, []],
  ['extended parameters of a wrong length (RFC 9072)', raw(FIXED, [255, 0, 9, 2, 0, 2, 2, 0], 255), 0, []],
];

for (const [what, message, subcode, data] of REFUSED) {
  test(`refused with 2/${subcode}: ${what}`, (t) => {
    const result = decoded(message);
    t.true(isFailure(result));
    if (!isFailure(result)) return;
    t.deepEqual([result.code, result.subcode, [...result.data]], [2, subcode, [...data]]);
    t.not(result.why, '');
  });
}

test('capabilities in one parameter, in one each, and in the extended form mean the same', (t) => {
  const list = [[1, 4, 0, 1, 0, 1], [1, 4, 0, 2, 0, 1], [2, 0], AS4_CAPABILITY, [77, 1, 9]];
  const one = decoded(raw(FIXED, [2, list.flat().length, ...list.flat()]));
  const each = decoded(
    raw(
      FIXED,
      list.flatMap((value) => [2, value.length, ...value]),
    ),
  );
  const wide = list.flatMap((value) => [2, 0, value.length, ...value]);
  const extended = decoded(raw(FIXED, [255, ...half(wide.length), ...wide], 255));
  // RFC 9072 2: only the mark counts, not the one-octet length before it.
  const extendedOddly = decoded(raw(FIXED, [255, ...half(wide.length), ...wide], 7));
  t.false(isFailure(one));
  t.deepEqual(each, one);
  t.deepEqual(extended, one);
  t.deepEqual(extendedOddly, one);
});

function speaker(as: number, change: Partial<Capabilities> = {}, rest: Partial<Open> = {}): Open {
  const all: Capabilities = {
    ...noCapabilities(),
    multiprotocol: [
      { afi: 1, safi: 1 },
      { afi: 2, safi: 1 },
    ],
    routeRefresh: true,
    fourOctetAs: as,
    ...change,
  };
  return { version: 4, as, as2: as2For(as), holdTime: 90, bgpId: as, capabilities: all, ...rest };
}

test('what is agreed is what both sides said, and the shorter hold time', (t) => {
  const agreed = negotiate(speaker(1), speaker(2, {}, { holdTime: 30 }));
  t.deepEqual(agreed, {
    families: FAMILY_IPV4 | FAMILY_IPV6,
    fourOctetAs: true,
    routeRefresh: true,
    enhancedRefresh: false,
    extendedNextHop: false,
    holdTime: 30,
    maxMessage: MAX_MESSAGE,
    external: true,
    longLived: false,
    pathsReceived: 0,
    pathsSent: 0,
  });
  const both = negotiate(speaker(1, { extendedMessage: true }), speaker(1, { extendedMessage: true }));
  t.is(both.maxMessage, MAX_EXTENDED_MESSAGE);
  t.false(both.external);
  t.is(negotiate(speaker(1, { extendedMessage: true }), speaker(2)).maxMessage, MAX_MESSAGE);
  t.false(negotiate(speaker(1), speaker(2, { fourOctetAs: undefined })).fourOctetAs);
  t.is(negotiate(speaker(1), speaker(2, {}, { holdTime: 0 })).holdTime, 0);
});

test('who says nothing about families speaks IPv4 unicast (RFC 4760 8)', (t) => {
  t.is(negotiate(speaker(1), speaker(2, { multiprotocol: [] })).families, FAMILY_IPV4);
});

test('an OPEN can be right by itself and wrong here', (t) => {
  const ours = speaker(65000);
  t.is(acceptOpen(ours, speaker(70000), 70000), undefined);
  t.is(acceptOpen(ours, speaker(65001), 65002)?.subcode, 2);
  t.is(acceptOpen(ours, speaker(65000), 65000)?.subcode, 3);
  t.is(acceptOpen(ours, speaker(65000, {}, { bgpId: 9 }), 65000), undefined);
  t.is(acceptOpen(ours, speaker(65001, {}, { bgpId: ours.bgpId }), 65001), undefined);
  const foreign = acceptOpen(ours, speaker(65001, { multiprotocol: [{ afi: 25, safi: 70 }] }), 65001);
  t.is(foreign?.subcode, 7);
  t.deepEqual([...(foreign?.data ?? [])], [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1]);
});

test('several paths are received where we can and they send, and sent where they can and we send (RFC 7911 4)', (t) => {
  const modes = [1, 2, 3] as const;
  for (const [i, ours] of modes.entries()) {
    for (const theirs of modes) {
      const a = speaker(1, { addPath: [{ afi: 1, safi: 1, mode: ours }] });
      const b = speaker(2, {
        addPath: [
          { afi: 1, safi: 1, mode: theirs },
          { afi: 2, safi: 1, mode: 3 },
        ],
      });
      const { pathsReceived, pathsSent } = negotiate(a, b);
      t.is(pathsReceived, ours & 1 && theirs & 2 ? FAMILY_IPV4 : 0, `${i} ${theirs}`);
      t.is(pathsSent, ours & 2 && theirs & 1 ? FAMILY_IPV4 : 0, `${i} ${theirs}`);
    }
  }
  // A family that is not spoken has no paths, and of two entries for one the last counts.
  const ipv4 = speaker(1, { multiprotocol: [{ afi: 1, safi: 1 }], addPath: [{ afi: 2, safi: 1, mode: 3 }] });
  t.is(negotiate(ipv4, speaker(2, { addPath: [{ afi: 2, safi: 1, mode: 3 }] })).pathsReceived, 0);
  const twice = speaker(1, {
    addPath: [
      { afi: 1, safi: 1, mode: 3 },
      { afi: 1, safi: 1, mode: 1 },
    ],
  });
  t.is(negotiate(twice, speaker(2, { addPath: [{ afi: 1, safi: 1, mode: 3 }] })).pathsSent, 0);
});
