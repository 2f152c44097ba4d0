/** What the rules of a neighbour make of a route, row by row: RFC 5065 5, RFC 9234 5. */
import test from 'ava';
import {
  type Ends,
  OBJECTION,
  objection,
  prepared,
  received,
  withCommunity,
} from '../../src/bgp/neighbour-rules.ts';
import { onlyToCustomer, type Role } from '../../src/bgp/roles.ts';
import { attribute, path4, type TestSegment, word } from './support.ts';

const ENDS: Ends = { localAs: 65000, neighborAs: 64501, external: true };
const OTHER_AS = 64777;

function setOf(path: readonly TestSegment[], otc?: number): Uint8Array {
  const list = [
    { flags: 0x40, type: 1, value: [0] },
    { flags: 0x40, type: 2, value: path4(path) },
    { flags: 0x40, type: 3, value: [192, 0, 2, 1] },
    ...(otc === undefined ? [] : [{ flags: 0xc0, type: 35, value: word(otc) }]),
  ];
  return Uint8Array.from(list.flatMap(attribute));
}

const seq = { type: 2, ases: [64501] };
const member = { type: 3, ases: [64601] };
const members = { type: 4, ases: [64601, 64602] };

test('RFC 5065 5: a route from another member AS begins with a sequence of member ASes, or is malformed', (t) => {
  const ends = { ...ENDS, external: false };
  const of = (...path: TestSegment[]): number => objection(setOf(path), ends, { confederate: true });
  t.is(of(member), OBJECTION.none);
  t.is(of(member, seq), OBJECTION.none);
  for (const path of [[], [seq], [members], [seq, member]]) t.is(of(...path), OBJECTION.noMember);
  t.is(objection(setOf([seq]), ends, {}), OBJECTION.none);
});

test('NO_EXPORT_SUBCONFED keeps a route from other members, but not one of our own, which it is for those who are told', (t) => {
  const set = withCommunity(setOf([seq]), 0xffffff03);
  const ends = { ...ENDS, external: false };
  t.is(prepared(set, ends, { confederate: true }), undefined);
  t.not(prepared(set, ends, { confederate: true }, true), undefined);
  t.not(prepared(set, ends, { client: true }), undefined);
});

/** RFC 9234 5 by our role: is the route a leak; what is it marked with coming in, and going out; 0: it does not go there. */
interface RoleCase {
  readonly role: Role;
  readonly otc?: number;
  readonly leak: boolean;
  readonly in?: number | undefined;
  readonly out: number | undefined;
}

const [THEIRS, OURS] = [ENDS.neighborAs, ENDS.localAs];

// biome-ignore format: one line per rule
const ROLES: readonly RoleCase[] = [
  { role: 'provider', leak: false, in: undefined, out: OURS },
  { role: 'provider', otc: THEIRS, leak: true, out: THEIRS },
  { role: 'provider', otc: OTHER_AS, leak: true, out: OTHER_AS },
  { role: 'rs', leak: false, in: undefined, out: OURS },
  { role: 'rs', otc: THEIRS, leak: true, out: THEIRS },
  { role: 'rs-client', leak: false, in: THEIRS, out: undefined },
  { role: 'rs-client', otc: OTHER_AS, leak: false, in: OTHER_AS, out: 0 },
  { role: 'customer', leak: false, in: THEIRS, out: undefined },
  { role: 'customer', otc: OTHER_AS, leak: false, in: OTHER_AS, out: 0 },
  { role: 'peer', leak: false, in: THEIRS, out: OURS },
  { role: 'peer', otc: THEIRS, leak: false, in: THEIRS, out: 0 },
  { role: 'peer', otc: OTHER_AS, leak: true, out: 0 },
];

for (const { role, otc, leak, in: kept, out } of ROLES) {
  test(`RFC 9234 5: we are ${role}, and ONLY_TO_CUSTOMER is ${otc ?? 'not there'}`, (t) => {
    const set = setOf([seq], otc);
    t.is(objection(set, ENDS, { role }), leak ? OBJECTION.leak : OBJECTION.none);
    if (!leak) t.is(onlyToCustomer(received(set, ENDS, { role })), kept);
    const told = prepared(set, ENDS, { role });
    t.is(told === undefined ? 0 : onlyToCustomer(told), out);
  });
}

test('RFC 9234 5: inside our AS ONLY_TO_CUSTOMER goes along as it is', (t) => {
  const inside = { ...ENDS, external: false };
  const set = setOf([seq], OTHER_AS);
  t.is(objection(set, inside, { role: 'provider' }), OBJECTION.none);
  t.is(received(set, inside, { role: 'customer' }), set);
  t.is(prepared(set, inside, { role: 'customer' }), set);
});
