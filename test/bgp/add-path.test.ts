/** NLRI with path identifiers (RFC 7911 3) in every field that has NLRI, and RFC 7606's answers where it does not parse. */
import test from 'ava';
import { Action } from '../../src/bgp/attribute-table.ts';
import { u32 } from '../../src/bgp/bytes.ts';
import { UpdateWriter } from '../../src/bgp/encode.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { HEADER_LENGTH } from '../../src/bgp/message.ts';
import { PATH_IDENTIFIER, Prefix, readPrefix4, readPrefix6 } from '../../src/bgp/nlri.ts';
import { decodeUpdate, isEndOfRib, type UpdateOptions, UpdateView } from '../../src/bgp/update.ts';

const BOTH = FAMILY_IPV4 | FAMILY_IPV6;
const OPTIONS: UpdateOptions = { fourOctetAs: true, external: true, families: BOTH, addPath: BOTH };
const ATTRIBUTES = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf5];
const NEXT_HOP = [0x40, 3, 4, 192, 0, 2, 1];
const IPV6_NEXT_HOP = [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1];

const half = (value: number): number[] => [value >>> 8, value & 255];

/** The body of an UPDATE, and what is found in it. */
function decoded(
  withdrawn: readonly number[],
  attributes: readonly number[],
  nlri: readonly number[],
  options = OPTIONS,
): { view: UpdateView; bytes: Uint8Array } {
  const bytes = Uint8Array.from([
    ...half(withdrawn.length),
    ...withdrawn,
    ...half(attributes.length),
    ...attributes,
    ...nlri,
  ]);
  const view = new UpdateView();
  decodeUpdate(bytes, 0, bytes.length, options, view);
  return { view, bytes };
}

/** Path identifier, first word and length of each prefix. */
function paths(bytes: Uint8Array, start: number, end: number, read: typeof readPrefix4): number[][] {
  const prefix = new Prefix();
  const found: number[][] = [];
  for (let at = start; at < end; ) {
    const path = u32(bytes, at);
    at = read(bytes, at + PATH_IDENTIFIER, prefix);
    found.push([path, prefix.word0, prefix.length]);
  }
  return found;
}

const reach = (nlri: readonly number[]): number[] => {
  const value = [0, 2, 1, 16, ...IPV6_NEXT_HOP, 0, ...nlri];
  return [0x80, 14, value.length, ...value];
};
const unreach = (nlri: readonly number[]): number[] => [0x80, 15, 3 + nlri.length, 0, 2, 1, ...nlri];

test('each prefix of the body has its path identifier before it', (t) => {
  const { view, bytes } = decoded(
    [0, 0, 0, 7, 24, 10, 0, 1, 255, 255, 255, 255, 0],
    [...ATTRIBUTES, ...NEXT_HOP],
    [0, 0, 0, 1, 8, 10, 0, 0, 0, 2, 8, 10],
  );
  t.is(view.action, Action.None);
  t.deepEqual(paths(bytes, view.withdrawnStart, view.withdrawnEnd, readPrefix4), [
    [7, 0x0a000100, 24],
    [0xffffffff, 0, 0],
  ]);
  t.deepEqual(paths(bytes, view.nlriStart, view.nlriEnd, readPrefix4), [
    [1, 0x0a000000, 8],
    [2, 0x0a000000, 8],
  ]);
});

test('those of MP_REACH_NLRI and MP_UNREACH_NLRI too', (t) => {
  const { view, bytes } = decoded(
    [],
    [...reach([0, 0, 0, 9, 32, 0x20, 1, 0x0d, 0xb8]), ...unreach([0, 0, 0, 3, 16, 0x20, 2]), ...ATTRIBUTES],
    [],
  );
  t.is(view.action, Action.None);
  t.deepEqual(paths(bytes, view.reachNlriStart, view.reachNlriEnd, readPrefix6), [[9, 0x20010db8, 32]]);
  t.deepEqual(paths(bytes, view.unreachStart, view.unreachEnd, readPrefix6), [[3, 0x20020000, 16]]);
});

test('a family without ADD-PATH is read without identifiers, whatever the other one has', (t) => {
  const options = { ...OPTIONS, addPath: FAMILY_IPV6 };
  const { view, bytes } = decoded([], [...ATTRIBUTES, ...NEXT_HOP], [8, 10, 16, 172, 16], options);
  t.is(view.action, Action.None);
  t.deepEqual([...bytes.subarray(view.nlriStart, view.nlriEnd)], [8, 10, 16, 172, 16]);
});

test('NLRI that does not parse with its identifiers is an error of the message (RFC 7606 3.j, 5.3)', (t) => {
  const good = [...ATTRIBUTES, ...NEXT_HOP];
  // Cut in the identifier, behind it, in the prefix; too long a prefix; one without an identifier.
  for (const nlri of [
    [0, 0],
    [0, 0, 0, 1],
    [0, 0, 0, 1, 24, 10],
    [0, 0, 0, 1, 33, 1, 2, 3, 4, 5],
    [8, 10],
  ]) {
    t.is(decoded([], good, nlri).view.action, Action.SessionReset, `NLRI ${nlri}`);
    t.is(decoded(nlri, [], []).view.action, Action.SessionReset, `withdrawn ${nlri}`);
  }
  for (const nlri of [
    [0, 0],
    [0, 0, 0, 1],
    [0, 0, 0, 1, 24, 10],
    [0, 0, 0, 1, 129, 1],
  ]) {
    t.true(decoded([], [...reach(nlri), ...ATTRIBUTES], []).view.action >= Action.DisableFamily, `${nlri}`);
    t.true(decoded([], unreach(nlri), []).view.action >= Action.DisableFamily, `${nlri}`);
  }
});

test('End-of-RIB is the same with ADD-PATH', (t) => {
  t.is(isEndOfRib(decoded([], [], []).view), FAMILY_IPV4);
  t.is(isEndOfRib(decoded([], unreach([]), []).view), FAMILY_IPV6);
});

test('what is written with path identifiers is read again', (t) => {
  const into = new Uint8Array(4096);
  const writer = new UpdateWriter(into);
  const attributes = Uint8Array.from([...ATTRIBUTES, ...NEXT_HOP]);
  const view = new UpdateView();
  const read = (length: number): void => {
    decodeUpdate(into, HEADER_LENGTH, length, OPTIONS, view);
    t.is(view.action, Action.None);
  };
  writer.beginAnnounce4(attributes, 0, attributes.length);
  t.true(writer.addPath4(0xfffffffe, 0x0a010000, 16));
  t.true(writer.addPath4(1, 0x0a010000, 16));
  read(writer.finish());
  t.deepEqual(paths(into, view.nlriStart, view.nlriEnd, readPrefix4), [
    [0xfffffffe, 0x0a010000, 16],
    [1, 0x0a010000, 16],
  ]);
  writer.beginWithdrawMp(2, 1);
  t.true(writer.addPath6(5, 0x20010db8, 0, 0, 0, 32));
  read(writer.finish());
  t.deepEqual(paths(into, view.unreachStart, view.unreachEnd, readPrefix6), [[5, 0x20010db8, 32]]);
});

test('a message is full before a prefix with its identifier would run over its end', (t) => {
  const into = new Uint8Array(8192);
  const writer = new UpdateWriter(into);
  writer.beginWithdraw4();
  let count = 0;
  while (writer.addPath4(count, 0x0a000000 + count, 32)) count++;
  const length = writer.finish();
  t.true(length <= 4096 && length > 4096 - 9);
  t.is(count, Math.floor((4096 - 23) / 9));
});
