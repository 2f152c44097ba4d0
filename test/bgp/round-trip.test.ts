import test from 'ava';
import fc from 'fast-check';
import { encodeEndOfRib, UpdateWriter, wireAttributes } from '../../src/bgp/encode.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6, Safi } from '../../src/bgp/families.ts';
import { HEADER_LENGTH, MAX_MESSAGE, readHeader } from '../../src/bgp/message.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../../src/bgp/nlri.ts';
import {
  Action,
  CANONICAL_ROOM,
  canonicalize,
  decodeUpdate,
  isEndOfRib,
  type UpdateOptions,
  UpdateView,
} from '../../src/bgp/update.ts';
import {
  attribute,
  attributesOf,
  BODY,
  canonicalBytes,
  nlri,
  prefix4,
  prefix6,
  shared,
  type TestPrefix,
  type TestSet,
  testSet,
  updateMessage,
} from './support.ts';

const view = new UpdateView();
const room = shared(new Uint8Array(CANONICAL_ROOM));
const FAMILIES = FAMILY_IPV4 | FAMILY_IPV6;

function options(fourOctetAs: boolean, external = false): UpdateOptions {
  return { fourOctetAs, external, families: FAMILIES };
}

function decode(message: Uint8Array, how: UpdateOptions): void {
  decodeUpdate(message, HEADER_LENGTH, message.length, how, view);
}

function canonical(message: Uint8Array, how: UpdateOptions, mp: boolean): Uint8Array {
  return room.slice(0, canonicalize(message, view, how, mp, room, 0));
}

/** All the messages that announce the prefixes with the set, one after another. */
function encode(
  set: TestSet,
  prefixes: readonly TestPrefix[],
  fourOctetAs: boolean,
  max: number,
): Uint8Array[] {
  const mp = set.nextHop.length > 4;
  const bytes = canonicalBytes(set);
  const wire = new Uint8Array(CANONICAL_ROOM);
  const length = wireAttributes(bytes, 0, bytes.length, fourOctetAs, wire, 0);
  const into = shared(new Uint8Array(max + 7));
  const writer = new UpdateWriter(into, max);
  const messages: Uint8Array[] = [];
  const begin = (): void => {
    writer.target(into, 7, max);
    const nextHop = Uint8Array.from(set.nextHop);
    const begun = mp
      ? writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, nextHop, 0, nextHop.length, wire, 0, length)
      : writer.beginAnnounce4(wire, 0, length);
    if (!begun) throw new Error('does not fit');
  };
  const finish = (): void => {
    const size = writer.finish();
    if (size > 0) messages.push(shared(into.subarray(7, 7 + size)));
  };
  begin();
  for (const prefix of prefixes) {
    if (add(writer, prefix, mp)) continue;
    finish();
    begin();
    add(writer, prefix, mp);
  }
  finish();
  return messages;
}

function add(writer: UpdateWriter, { words, length }: TestPrefix, mp: boolean): boolean {
  return mp ? writer.addPrefix6(...words, length) : writer.addPrefix4(words[0], length);
}

/** The prefixes of a stretch of NLRI, read with the helpers. */
function prefixesOf(bytes: Uint8Array, start: number, end: number, mp: boolean): TestPrefix[] {
  const prefix = new Prefix();
  const list: TestPrefix[] = [];
  for (let at = start; at < end; ) {
    at = mp ? readPrefix6(bytes, at, prefix) : readPrefix4(bytes, at, prefix);
    list.push({ words: [prefix.word0, prefix.word1, prefix.word2, prefix.word3], length: prefix.length });
  }
  return list;
}

for (const mp of [false, true]) {
  for (const fourOctetAs of [true, false]) {
    const kind = `${mp ? 'IPv6' : 'IPv4'}, ${fourOctetAs ? 4 : 2}-octet ASes`;

    test(`what is encoded is decoded to the same attributes and prefixes (${kind})`, (t) => {
      const prefixes = fc.array(mp ? prefix6 : prefix4, { minLength: 1, maxLength: 600, size: 'max' });
      fc.assert(
        fc.property(testSet(mp), prefixes, (set, told) => {
          const heard: TestPrefix[] = [];
          for (const message of encode(set, told, fourOctetAs, 65535)) {
            decode(message, options(fourOctetAs));
            t.is(view.action, Action.None, view.errorWhy);
            t.deepEqual([...canonical(message, options(fourOctetAs), mp)], [...canonicalBytes(set)]);
            heard.push(
              ...(mp
                ? prefixesOf(message, view.reachNlriStart, view.reachNlriEnd, true)
                : prefixesOf(message, view.nlriStart, view.nlriEnd, false)),
            );
          }
          t.deepEqual(heard, told);
        }),
        { numRuns: 80 },
      );
    });
  }
}

test('attributes in any order, with any extended-length bits and Partial on the well-known, have one canonical form', (t) => {
  fc.assert(
    fc.property(testSet(false), fc.infiniteStream(fc.nat()), (set, chance) => {
      const list = attributesOf(set).map((entry) => ({ entry, key: chance.next().value }));
      const shuffled = list
        .sort((a, b) => a.key - b.key)
        .flatMap(({ entry, key }) => {
          const sloppy = entry.type < 7 && key % 3 === 0 ? entry.flags | 0x20 : entry.flags;
          const plain = attribute({ ...entry, flags: sloppy });
          if (key % 2 === 0 || entry.value.length > 255) return plain;
          return [sloppy | 0x10, entry.type, 0, entry.value.length, ...entry.value];
        });
      const message = updateMessage({ attributes: shuffled, nlri: [8, 10] });
      decode(message, options(true));
      t.is(view.action, Action.None, view.errorWhy);
      t.deepEqual([...canonical(message, options(true), false)], [...canonicalBytes(set)]);
    }),
    { numRuns: 200 },
  );
});

test('the canonical form is a fixed point', (t) => {
  fc.assert(
    fc.property(testSet(false), fc.boolean(), (set, external) => {
      const message = updateMessage({ attributes: attributesOf(set).flatMap(attribute), nlri: [8, 10] });
      decode(message, options(true, external));
      const once = canonical(message, options(true, external), false);
      const again = updateMessage({ attributes: [...once], nlri: [8, 10] });
      decode(again, options(true, external));
      t.is(view.action, Action.None, view.errorWhy);
      t.deepEqual(canonical(again, options(true, external), false), once);
    }),
    { numRuns: 200 },
  );
});

test('messages are as full as they can be, and never longer than agreed', (t) => {
  const set: TestSet = { origin: 0, path: [{ type: 2, ases: [65001] }], nextHop: [192, 0, 2, 1] };
  const prefixes = Array.from({ length: 3000 }, (_, i) => ({
    words: [(10 * 2 ** 24 + i * 256) >>> 0, 0, 0, 0] as [number, number, number, number],
    length: 24,
  }));
  const messages = encode(set, prefixes, true, MAX_MESSAGE);
  const lengths = messages.map((message) => message.length);
  t.true(lengths.every((length) => length <= MAX_MESSAGE));
  t.true(lengths.slice(0, -1).every((length) => length > MAX_MESSAGE - 4));
  for (const message of messages) t.is(readHeader(message, 0, message.length, MAX_MESSAGE), message.length);
});

test('attributes that leave no room for a prefix are refused, not written', (t) => {
  const into = new Uint8Array(MAX_MESSAGE + 1).fill(0xaa);
  const writer = new UpdateWriter(into, MAX_MESSAGE);
  const attributes = new Uint8Array(MAX_MESSAGE);
  t.false(writer.beginAnnounce4(attributes, 0, MAX_MESSAGE - 30));
  t.false(writer.addPrefix4(0x0a000000, 8));
  t.is(writer.finish(), 0);
  t.true(into.every((octet) => octet === 0xaa));
});

test('withdrawals of both families are read back, and mean no attributes', (t) => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(prefix6, { minLength: 1, maxLength: 200, size: 'max' }),
      (mp, given) => {
        const told = mp ? given : given.map(({ words, length }) => shrink(words[0], length & 31));
        const into = new Uint8Array(65535);
        const writer = new UpdateWriter(into, 65535);
        if (mp) writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
        else writer.beginWithdraw4();
        for (const prefix of told) t.true(add(writer, prefix, mp));
        const message = into.slice(0, writer.finish());
        decode(message, options(true));
        t.is(view.action, Action.None, view.errorWhy);
        t.is(view.attributeCount, 0);
        const heard = mp
          ? prefixesOf(message, view.unreachStart, view.unreachEnd, true)
          : prefixesOf(message, view.withdrawnStart, view.withdrawnEnd, false);
        t.deepEqual(heard, told);
        t.is(isEndOfRib(view), 0);
      },
    ),
    { numRuns: 50 },
  );
});

function shrink(address: number, length: number): TestPrefix {
  const kept = length === 0 ? 0 : Math.floor(address / 2 ** (32 - length)) * 2 ** (32 - length);
  return { words: [kept, 0, 0, 0], length };
}

test('a message without prefixes is no message', (t) => {
  const writer = new UpdateWriter(new Uint8Array(MAX_MESSAGE));
  t.is(writer.finish(), 0);
  writer.beginWithdraw4();
  t.is(writer.finish(), 0);
  writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
  t.is(writer.finish(), 0);
});

test('End-of-RIB is told and recognized for each family (RFC 4724 2)', (t) => {
  for (const [afi, bit] of [
    [Afi.Ipv4, FAMILY_IPV4],
    [Afi.Ipv6, FAMILY_IPV6],
  ] as const) {
    const message = encodeEndOfRib(afi, Safi.Unicast);
    t.is(readHeader(message, 0, message.length, MAX_MESSAGE), message.length);
    decode(message, options(true));
    t.is(isEndOfRib(view), bit);
  }
  // IPv4 told the multiprotocol way, as some do.
  decode(updateMessage({ attributes: [0x90, 15, 0, 3, 0, 1, 1] }), options(true));
  t.is(isEndOfRib(view), FAMILY_IPV4);
  const announcement = updateMessage({ attributes: [], nlri: nlri([shrink(0x0a000000, 8)]) });
  decode(announcement, options(true));
  t.is(isEndOfRib(view), 0);
  t.is(BODY, HEADER_LENGTH);
});

test('IPv4 routes have the same attribute set in MP_REACH_NLRI and in the body', (t) => {
  fc.assert(
    fc.property(testSet(false), fc.boolean(), (set, fourOctetAs) => {
      const list = attributesOf({ ...set, path: [], aggregator: undefined });
      const prefixes = [8, 10, 16, 172, 16];
      const value = [0, 1, 1, 4, ...set.nextHop, 0, ...prefixes];
      const others = list.filter(({ type }) => type !== 3);
      const reach = { flags: 0x80, type: 14, value };
      const mp = updateMessage({ attributes: [reach, ...others].flatMap(attribute) });
      decode(mp, options(fourOctetAs));
      t.is(view.action, Action.None);
      t.deepEqual([...canonical(mp, options(fourOctetAs), true)], list.flatMap(attribute));
    }),
  );
});

test('host bits beyond the length come out as zero', (t) => {
  const bytes = Uint8Array.from([12, 0xff, 0xff, 33, 1, 2, 3, 4, 0xff]);
  t.deepEqual(prefixesOf(bytes, 0, 3, false), [{ words: [0xfff00000, 0, 0, 0], length: 12 }]);
  t.deepEqual(prefixesOf(bytes, 3, 9, true), [{ words: [0x01020304, 0x80000000, 0, 0], length: 33 }]);
});
