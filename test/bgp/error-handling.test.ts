/** RFC 7606, section by section: what becomes of an UPDATE message that is wrong in one place. */
import test from 'ava';
import { Action, decodeUpdate, isEndOfRib, type UpdateOptions, UpdateView } from '../../src/bgp/update.ts';
import { attribute, BODY, half, updateMessage } from './support.ts';

const { None, AttributeDiscard, TreatAsWithdraw, SessionReset } = Action;

const external: UpdateOptions = { fourOctetAs: true, external: true, families: 3 };
const internal: UpdateOptions = { ...external, external: false };
const old: UpdateOptions = { ...external, fourOctetAs: false };
const ipv6Only: UpdateOptions = { ...external, families: 2 };

const ORIGIN = [0x40, 1, 1, 0];
const AS_PATH = [0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
const AS_PATH2 = [0x40, 2, 4, 2, 1, 0xfd, 0xe9];
const NEXT_HOP = [0x40, 3, 4, 192, 0, 2, 1];
const GLOBAL = [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1];
const PREFIX6 = [32, 0x20, 1, 0xd, 0xb8];

function reach(nextHop: number[], nlri: number[], family = [0, 2, 1], flags = 0x80): number[] {
  return attribute({ flags, type: 14, value: [...family, nextHop.length, ...nextHop, 0, ...nlri] });
}

const REACH = reach(GLOBAL, PREFIX6);
const UNREACH = [0x80, 15, 8, 0, 2, 1, 32, 0x20, 1, 0xd, 0xb9];

/** What is in the message beside the attribute that is looked at. */
type Rest = 'body' | 'reach' | 'nothing';

interface Case {
  readonly what: string;
  readonly attributes: readonly (readonly number[])[];
  readonly expect: Action;
  readonly options?: UpdateOptions;
  readonly rest?: Rest;
  readonly attribute?: number;
  readonly subcode?: number;
}

const ok = [ORIGIN, AS_PATH, NEXT_HOP];
const but = (type: number, ...instead: number[][]): number[][] => [
  ...ok.filter((bytes) => bytes[1] !== type),
  ...instead,
];
const plus = (...more: number[][]): number[][] => [...ok, ...more];

// biome-ignore format: one line per rule
const CASES: readonly Case[] = [
  { what: '0: a message with nothing wrong', attributes: ok, expect: None },
  { what: '3.c: Optional set on ORIGIN', attributes: but(1, [0xc0, 1, 1, 0]), expect: TreatAsWithdraw, attribute: 1, subcode: 4 },
  { what: '3.c: Transitive clear on COMMUNITIES', attributes: plus([0x80, 8, 4, 0, 1, 0, 1]), expect: TreatAsWithdraw, attribute: 8, subcode: 4 },
  { what: '3.c: Transitive set on MULTI_EXIT_DISC', attributes: plus([0xc0, 4, 4, 0, 0, 0, 1]), expect: TreatAsWithdraw, attribute: 4, subcode: 4 },
  { what: '3.c: the Partial bit is not among those two', attributes: but(2, [0x60, ...AS_PATH.slice(1)]), expect: None },
  { what: '3.c: wrong flags count before who sent it', attributes: plus([0xc0, 9, 4, 10, 0, 0, 1]), expect: TreatAsWithdraw, attribute: 9 },
  { what: '3.d: ORIGIN missing', attributes: but(1), expect: TreatAsWithdraw, attribute: 1, subcode: 3 },
  { what: '3.d: AS_PATH missing', attributes: but(2), expect: TreatAsWithdraw, attribute: 2, subcode: 3 },
  { what: '3.d: NEXT_HOP missing', attributes: but(3), expect: TreatAsWithdraw, attribute: 3, subcode: 3 },
  { what: '3.d: NEXT_HOP missing where MP_REACH_NLRI has the routes', attributes: [REACH, ORIGIN, AS_PATH], rest: 'nothing', expect: None },
  { what: '3.d: AS_PATH missing where MP_REACH_NLRI has the routes', attributes: [REACH, ORIGIN], rest: 'nothing', expect: TreatAsWithdraw, attribute: 2 },
  { what: '3.g: MULTI_EXIT_DISC twice', attributes: plus([0x80, 4, 4, 0, 0, 0, 1], [0x80, 4, 4, 0, 0, 0, 2]), expect: AttributeDiscard, attribute: 4 },
  { what: '3.g: COMMUNITIES twice, the second one malformed', attributes: plus([0xc0, 8, 4, 0, 1, 0, 1], [0xc0, 8, 3, 0, 1, 0]), expect: AttributeDiscard, attribute: 8, subcode: 1 },
  { what: '3.g: COMMUNITIES twice, the second one with wrong flags', attributes: plus([0xc0, 8, 4, 0, 1, 0, 1], [0x40, 8, 4, 0, 1, 0, 1]), expect: AttributeDiscard, attribute: 8, subcode: 1 },
  { what: '3.g: COMMUNITIES twice, the first one malformed', attributes: plus([0xc0, 8, 3, 0, 1, 0], [0xc0, 8, 4, 0, 1, 0, 1]), expect: TreatAsWithdraw, attribute: 8, subcode: 5 },
  { what: '3.g: MP_REACH_NLRI twice', attributes: [REACH, REACH, ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14, subcode: 1 },
  { what: '3.g: MP_UNREACH_NLRI twice', attributes: plus(UNREACH, UNREACH), expect: SessionReset, attribute: 15, subcode: 1 },
  { what: '3.h: the stronger of two errors, told last', attributes: plus([0x40, 6, 1, 0], [0x80, 4, 1, 0]), expect: TreatAsWithdraw, attribute: 4 },
  { what: '3.h: the stronger of two errors, told first', attributes: plus([0x80, 4, 1, 0], [0x40, 6, 1, 0]), expect: TreatAsWithdraw, attribute: 4 },
  { what: '4: two octets behind the last attribute', attributes: plus([0x40, 2]), expect: TreatAsWithdraw, subcode: 1 },
  { what: '4: three octets behind it, extended length', attributes: plus([0x50, 8, 0]), expect: TreatAsWithdraw, subcode: 1 },
  { what: '4: an attribute longer than what is left', attributes: plus([0xc0, 8, 40, 0, 1, 0, 1]), expect: TreatAsWithdraw, attribute: 8, subcode: 5 },
  { what: '4: zero octets where there must be some', attributes: plus([0x80, 4, 0]), expect: TreatAsWithdraw, attribute: 4 },
  { what: '5.2: an error that would withdraw, in a message without routes', attributes: [[0x80, 4, 1, 0]], rest: 'nothing', expect: SessionReset },
  { what: '5.2: the same beside MP_UNREACH_NLRI', attributes: [UNREACH, [0x80, 4, 1, 0]], rest: 'nothing', expect: SessionReset },
  { what: '5.2: the same beside MP_REACH_NLRI without routes', attributes: [reach(GLOBAL, []), ORIGIN, AS_PATH, [0x80, 4, 1, 0]], rest: 'nothing', expect: SessionReset, attribute: 4 },
  { what: '5.2: beside routes of a family that was not negotiated it withdraws nothing', attributes: [reach([1, 2, 3], [77], [0, 25, 70]), ORIGIN, AS_PATH, [0x80, 4, 1, 0]], rest: 'nothing', expect: TreatAsWithdraw, attribute: 4 },
  { what: '5.2: attribute discard stays what it is', attributes: [UNREACH, [0x40, 6, 1, 0]], rest: 'nothing', expect: AttributeDiscard },
  { what: '5.3: NLRI in MP_REACH_NLRI longer than 128 bits', attributes: [reach(GLOBAL, [129, ...GLOBAL, 0]), ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14 },
  { what: '5.3: NLRI in MP_REACH_NLRI that runs over', attributes: [reach(GLOBAL, [64, 1, 2, 3]), ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14 },
  { what: '5.3: flags of MP_REACH_NLRI', attributes: [reach(GLOBAL, PREFIX6, [0, 2, 1], 0xc0), ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14 },
  { what: '5.3: MP_REACH_NLRI of 4 octets', attributes: [[0x80, 14, 4, 0, 2, 1, 0], ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14 },
  { what: '5.3: MP_UNREACH_NLRI of 2 octets', attributes: plus([0x80, 15, 2, 0, 2]), expect: SessionReset, attribute: 15 },
  { what: '5.3: withdrawn routes in MP_UNREACH_NLRI that run over', attributes: plus([0x80, 15, 6, 0, 2, 1, 64, 1, 2]), expect: SessionReset, attribute: 15 },
  { what: 'RFC 4271 6.3 a: NEXT_HOP is our own address', attributes: ok, options: { ...external, own4: 0xc0000201 }, expect: TreatAsWithdraw, attribute: 3, subcode: 8 },
  { what: 'RFC 4271 6.3 a: so is that of MP_REACH_NLRI', attributes: [REACH, ORIGIN, AS_PATH], rest: 'nothing', options: { ...external, own6: [0x20010db8, 0, 0, 1] }, expect: TreatAsWithdraw, attribute: 14 },
  { what: 'RFC 4271 6.3 a: another one is not', attributes: [REACH, ORIGIN, AS_PATH], rest: 'nothing', options: { ...external, own6: [0x20010db8, 0, 0, 2] }, expect: None },
  { what: '7.1: ORIGIN of 2 octets', attributes: but(1, [0x40, 1, 2, 0, 0]), expect: TreatAsWithdraw, attribute: 1, subcode: 5 },
  { what: '7.1: ORIGIN 3', attributes: but(1, [0x40, 1, 1, 3]), expect: TreatAsWithdraw, attribute: 1, subcode: 6 },
  { what: '7.2: empty AS_PATH', attributes: but(2, [0x40, 2, 0]), expect: None },
  { what: '7.2: segment type 5', attributes: but(2, [0x40, 2, 6, 5, 1, 0, 0, 0, 1]), expect: TreatAsWithdraw, attribute: 2, subcode: 11 },
  { what: '7.2: segment overrun', attributes: but(2, [0x40, 2, 6, 2, 2, 0, 0, 0, 1]), expect: TreatAsWithdraw, attribute: 2, subcode: 11 },
  { what: '7.2: segment underrun', attributes: but(2, [0x40, 2, 7, 2, 1, 0, 0, 0, 1, 2]), expect: TreatAsWithdraw, attribute: 2, subcode: 11 },
  { what: '7.2: segment of no ASes', attributes: but(2, [0x40, 2, 2, 2, 0]), expect: TreatAsWithdraw, attribute: 2, subcode: 11 },
  { what: 'RFC 5065 5: confederation segment from outside', attributes: but(2, [0x40, 2, 6, 3, 1, 0, 0, 0, 1]), expect: TreatAsWithdraw, attribute: 2 },
  { what: 'RFC 5065: confederation segment from inside', attributes: but(2, [0x40, 2, 6, 3, 1, 0, 0, 0, 1]), options: internal, expect: None },
  { what: 'RFC 7607: AS 0 in AS_PATH', attributes: but(2, [0x40, 2, 6, 2, 1, 0, 0, 0, 0]), expect: TreatAsWithdraw, attribute: 2 },
  { what: 'RFC 7607: AS 0 in AS_PATH of 2-octet ASes', attributes: but(2, [0x40, 2, 4, 2, 1, 0, 0]), options: old, expect: TreatAsWithdraw, attribute: 2 },
  { what: '7.2: a 4-octet AS_PATH from a 2-octet neighbour', attributes: ok, options: old, expect: TreatAsWithdraw, attribute: 2 },
  { what: '7.3: NEXT_HOP of 3 octets', attributes: but(3, [0x40, 3, 3, 192, 0, 2]), expect: TreatAsWithdraw, attribute: 3, subcode: 5 },
  { what: 'RFC 4271 6.3: NEXT_HOP 0.0.0.0', attributes: but(3, [0x40, 3, 4, 0, 0, 0, 0]), expect: TreatAsWithdraw, attribute: 3, subcode: 8 },
  { what: 'RFC 4271 6.3: NEXT_HOP 224.0.0.1', attributes: but(3, [0x40, 3, 4, 224, 0, 0, 1]), expect: TreatAsWithdraw, attribute: 3, subcode: 8 },
  { what: 'RFC 4760 3: NEXT_HOP means nothing beside MP_REACH_NLRI alone', attributes: [REACH, ORIGIN, AS_PATH, [0x40, 3, 4, 0, 0, 0, 0]], rest: 'nothing', expect: None },
  { what: '7.4: MULTI_EXIT_DISC of 3 octets', attributes: plus([0x80, 4, 3, 0, 0, 0]), expect: TreatAsWithdraw, attribute: 4 },
  { what: '7.5: LOCAL_PREF of 3 octets from inside', attributes: plus([0x40, 5, 3, 0, 0, 0]), options: internal, expect: TreatAsWithdraw, attribute: 5 },
  { what: '7.5: LOCAL_PREF of 3 octets from outside', attributes: plus([0x40, 5, 3, 0, 0, 0]), expect: AttributeDiscard, attribute: 5 },
  { what: '7.5: LOCAL_PREF from outside', attributes: plus([0x40, 5, 4, 0, 0, 0, 9]), expect: AttributeDiscard, attribute: 5 },
  { what: '7.6: ATOMIC_AGGREGATE of 1 octet', attributes: plus([0x40, 6, 1, 0]), expect: AttributeDiscard, attribute: 6 },
  { what: '7.7: AGGREGATOR of 6 octets between 4-octet speakers', attributes: plus([0xc0, 7, 6, 0, 1, 10, 0, 0, 1]), expect: AttributeDiscard, attribute: 7 },
  { what: '7.7: AGGREGATOR of 6 octets from a 2-octet neighbour', attributes: [ORIGIN, AS_PATH2, NEXT_HOP, [0xc0, 7, 6, 0, 1, 10, 0, 0, 1]], options: old, expect: None },
  { what: 'RFC 7607: AGGREGATOR with AS 0', attributes: plus([0xc0, 7, 8, 0, 0, 0, 0, 10, 0, 0, 1]), expect: AttributeDiscard, attribute: 7 },
  { what: '7.8: COMMUNITIES of 5 octets', attributes: plus([0xc0, 8, 5, 0, 1, 0, 1, 0]), expect: TreatAsWithdraw, attribute: 8 },
  { what: '7.8: COMMUNITIES of none', attributes: plus([0xc0, 8, 0]), expect: TreatAsWithdraw, attribute: 8 },
  { what: '7.9: ORIGINATOR_ID of 5 octets from inside', attributes: plus([0x80, 9, 5, 10, 0, 0, 1, 0]), options: internal, expect: TreatAsWithdraw, attribute: 9 },
  { what: '7.9: ORIGINATOR_ID from outside', attributes: plus([0x80, 9, 5, 10, 0, 0, 1, 0]), expect: AttributeDiscard, attribute: 9 },
  { what: '7.10: CLUSTER_LIST of 5 octets from inside', attributes: plus([0x80, 10, 5, 10, 0, 0, 1, 0]), options: internal, expect: TreatAsWithdraw, attribute: 10 },
  { what: '7.10: CLUSTER_LIST from outside', attributes: plus([0x80, 10, 4, 10, 0, 0, 1]), expect: AttributeDiscard, attribute: 10 },
  { what: '7.11: a next hop of 9 octets', attributes: [reach(GLOBAL.slice(0, 9), PREFIX6), ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14 },
  { what: '7.11: a next hop longer than the attribute', attributes: [[0x80, 14, 6, 0, 2, 1, 40, 0, 0], ORIGIN, AS_PATH], rest: 'nothing', expect: SessionReset, attribute: 14 },
  { what: '7.11: a next hop with its link-local address', attributes: [reach([...GLOBAL, 0xfe, 0x80, ...GLOBAL.slice(2)], PREFIX6), ORIGIN, AS_PATH], rest: 'nothing', expect: None },
  { what: '7.11: a multicast next hop', attributes: [reach([0xff, ...GLOBAL.slice(1)], PREFIX6), ORIGIN, AS_PATH], rest: 'nothing', expect: TreatAsWithdraw, attribute: 14 },
  { what: '7.14: EXTENDED_COMMUNITIES of 9 octets', attributes: plus([0xc0, 16, 9, 0, 2, 0, 1, 0, 0, 0, 1, 0]), expect: TreatAsWithdraw, attribute: 16 },
  { what: '7.15: IPV6_EXTENDED_COMMUNITIES of 21 octets', attributes: plus([0xc0, 25, 21, ...new Array<number>(21).fill(0)]), expect: TreatAsWithdraw, attribute: 25 },
  { what: 'RFC 8092 6: LARGE_COMMUNITIES of 11 octets', attributes: plus([0xc0, 32, 11, ...new Array<number>(11).fill(0)]), expect: TreatAsWithdraw, attribute: 32 },
  { what: 'RFC 6793 6: a malformed AS4_PATH from a 2-octet neighbour', attributes: [ORIGIN, AS_PATH2, NEXT_HOP, [0xc0, 17, 6, 9, 1, 0, 0, 0, 1]], options: old, expect: AttributeDiscard, attribute: 17 },
  { what: 'RFC 6793 6: AS4_PATH with a confederation segment, which is left out', attributes: [ORIGIN, AS_PATH2, NEXT_HOP, [0xc0, 17, 6, 3, 1, 0, 0, 0, 1]], options: old, expect: AttributeDiscard, attribute: 17, subcode: 9 },
  { what: 'RFC 6793 4.1: AS4_PATH between 4-octet speakers', attributes: plus([0xc0, 17, 6, 2, 1, 0, 0, 0, 1]), expect: AttributeDiscard, attribute: 17 },
  { what: 'RFC 6793 6: AS4_AGGREGATOR of 9 octets', attributes: [ORIGIN, AS_PATH2, NEXT_HOP, [0xc0, 18, 9, 0, 0, 0, 1, 10, 0, 0, 1, 0]], options: old, expect: AttributeDiscard, attribute: 18 },
  { what: 'RFC 7311 3.2: AIGP with the Transitive bit', attributes: plus([0xc0, 26, 3, 1, 0, 3]), expect: AttributeDiscard, attribute: 26 },
  { what: 'RFC 9234 5: ONLY_TO_CUSTOMER of 5 octets', attributes: plus([0xc0, 35, 5, 0, 0, 0, 1, 0]), expect: TreatAsWithdraw, attribute: 35 },
  { what: 'RFC 4271 9: an unknown optional attribute', attributes: plus([0x80, 99, 2, 1, 2], [0xc0, 100, 0]), expect: None },
  { what: 'RFC 4271 6.3: an unknown well-known attribute', attributes: plus([0x40, 99, 0]), expect: SessionReset, attribute: 99, subcode: 2 },
  { what: 'RFC 4760 6: a family that was not negotiated', attributes: plus(reach([1, 2, 3], [77], [0, 25, 70])), expect: None },
];

const view = new UpdateView();

function decode(message: Uint8Array, options: UpdateOptions): void {
  decodeUpdate(message, BODY, message.length, options, view);
}

for (const { what, attributes, expect, options = external, rest = 'body', ...error } of CASES) {
  test(what, (t) => {
    const message = updateMessage({
      attributes: attributes.flat(),
      nlri: rest === 'body' ? [24, 198, 51, 100] : [],
    });
    decode(message, options);
    t.is(view.action, expect, view.errorWhy);
    if (error.attribute !== undefined) t.is(view.errorAttribute, error.attribute, view.errorWhy);
    if (error.subcode !== undefined) t.is(view.errorSubcode, error.subcode, view.errorWhy);
    t.is(view.errorCode, expect === None ? 0 : 3);
    t.is(view.errorWhy === '', expect === None);
  });
}

test('5.3 and 3.j: NLRI or withdrawn routes in the body that do not parse reset the session', (t) => {
  for (const field of [
    [33, 1, 2, 3, 4, 5],
    [24, 1, 2],
    [8, 10, 16, 1],
  ]) {
    decode(updateMessage({ attributes: ok.flat(), nlri: field }), external);
    t.is(view.action, SessionReset);
    t.is(view.errorSubcode, 10);
    decode(updateMessage({ withdrawn: field }), external);
    t.is(view.action, SessionReset);
    t.is(view.errorSubcode, 10);
  }
});

test('3.i: lengths that disagree with the message reset the session', (t) => {
  const head = new Array<number>(BODY).fill(0);
  for (const body of [
    [],
    [0],
    half(1),
    [...half(0), 0],
    [...half(0), ...half(1)],
    [...half(9), 0, 0, 0, 0],
  ]) {
    decode(Uint8Array.from([...head, ...body]), external);
    t.is(view.action, SessionReset);
    t.is(view.errorSubcode, 1);
  }
});

test('4: behind attributes that do not parse the NLRI is still found, to be withdrawn', (t) => {
  const message = updateMessage({ attributes: [...ok.flat(), 0xc0, 8, 200, 1], nlri: [24, 198, 51, 100] });
  decode(message, external);
  t.is(view.action, TreatAsWithdraw);
  t.deepEqual([...message.subarray(view.nlriStart, view.nlriEnd)], [24, 198, 51, 100]);
});

test('the data of an error is the attribute, as the NOTIFICATION wants it (RFC 4271 6.3)', (t) => {
  const bad = [0x40, 99, 2, 7, 7];
  const message = updateMessage({ attributes: plus(bad).flat(), nlri: [8, 10] });
  decode(message, external);
  t.deepEqual([...message.subarray(view.errorDataStart, view.errorDataEnd)], bad);
});

test('routes of a family that was not negotiated are left out', (t) => {
  decode(updateMessage({ withdrawn: [8, 11], attributes: plus(REACH).flat(), nlri: [8, 10] }), ipv6Only);
  t.is(view.action, None);
  t.is(view.nlriStart, view.nlriEnd);
  t.is(view.withdrawnStart, view.withdrawnEnd);
  t.true(view.reachNlriStart < view.reachNlriEnd);
  decode(updateMessage({ attributes: plus(REACH, UNREACH).flat(), nlri: [8, 10] }), {
    ...external,
    families: 1,
  });
  t.true(view.nlriStart < view.nlriEnd);
  t.is(view.reachNlriStart, view.reachNlriEnd);
  t.is(view.unreachStart, view.unreachEnd);
});

test('3.g: of an attribute that comes twice the first counts, even where it was discarded', (t) => {
  const [bad, good] = [
    [0xc0, 7, 4, 0, 0, 0, 1],
    [0xc0, 7, 8, 0, 0, 0xfd, 0xe9, 10, 0, 0, 1],
  ];
  decode(updateMessage({ attributes: plus(bad, good).flat(), nlri: [24, 198, 51, 100] }), external);
  t.is(view.action, AttributeDiscard);
  t.false([...view.attributeType.subarray(0, view.attributeCount)].includes(7));
});

test('RFC 4724 2: withdrawn routes of a family that is not heard are no End-of-RIB', (t) => {
  decode(updateMessage({ withdrawn: [24, 198, 51, 100] }), ipv6Only);
  t.is(isEndOfRib(view), 0);
  decode(updateMessage({}), ipv6Only);
  t.is(isEndOfRib(view), 1);
});
