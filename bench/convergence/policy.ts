/**
 * The policies of the cases with "+policy" and "+tags", in graftd's words and in BIRD's: what a transit provider asks of its customers.
 * They let every route of the feeds pass, so that the same tables are the right ones.
 *
 *   bogons, short prefixes, private ASes, long paths: rejected ─→ our own communities removed ─→ 10 k prefixes of the customer
 *
 *   +policy  in the list: a community is added, and the route accepted; all others: rejected (of a list that has all that the customer announces)
 *   +tags    in the list: one community, all others: another one, so that a set of attributes becomes two, and an UPDATE too
 *
 * On export, what says so is kept back.
 *
 *   kinds    nothing of all that: each receiver is told everything with a community of its own
 */
import { Random } from '../../src/base/random.ts';
import { DAEMON_AS, type Neighbour, type PolicyKind } from './cases.ts';

/** Entries of each customer's list. */
const LIST = 10_000;

const BOGONS = [
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.2.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
];

interface Entry {
  readonly prefix: string;
  readonly from: number;
  readonly to: number;
}

function listOf(neighbour: Neighbour, kind: PolicyKind): Entry[] {
  return kind === 'tags' ? partsOf(neighbour) : wholeOf(neighbour);
}

/** Prefixes of 16 bits, of which a customer announces parts. */
function partsOf({ index }: Neighbour): Entry[] {
  const random = new Random(index + 1);
  const list = new Set<number>();
  while (list.size < LIST) list.add((1 + random.below(222)) * 256 + random.below(256));
  return [...list].map((high) => ({ prefix: `${high >> 8}.${high & 255}.0.0/16`, from: 16, to: 24 }));
}

/** All that there is, in blocks of 14 bits for two thirds of it, and of 11 bits for the rest: each customer has others. */
function wholeOf({ index }: Neighbour): Entry[] {
  const list: Entry[] = [];
  for (let first = 1; first <= 223; first++) {
    list.push({ prefix: `${first}.0.0.0/8`, from: 8, to: 13 });
    const bits = (first + 37 * index) % 223 < 150 ? 14 : 11;
    for (let second = 0; second < 256; second += 1 << (16 - bits))
      list.push({ prefix: `${first}.${second}.0.0/${bits}`, from: bits, to: 32 });
  }
  return list;
}

/** As JSON, which is YAML. */
export function graftdPolicy(neighbours: readonly Neighbour[], kind: PolicyKind): string[] {
  if (kind === 'kinds') return ['policies:', ...neighbours.flatMap(ownKind)];
  const senders = neighbours.filter(({ sender }) => sender);
  const sets = Object.fromEntries(
    senders.map((each) => [
      `customer-${each.index}`,
      listOf(each, kind).map(({ prefix, to }) => `${prefix} le ${to}`),
    ]),
  );
  const lines = senders.map(({ index }) =>
    [
      `  from-${index}:`,
      '    - {if: {prefix: bogons}, then: reject}',
      '    - {if: {length: 1-7}, then: reject}',
      "    - {if: {as-path: '_(6451[2-9]|645[2-9][0-9]|64[6-9][0-9][0-9]|65[0-4][0-9][0-9])_'}, then: reject}",
      '    - {if: {path-length: 60-}, then: reject}',
      `    - {set: {community: {remove: '${DAEMON_AS}:*'}}}`,
      `    - {if: {prefix: customer-${index}}, set: {community: {add: '${DAEMON_AS}:100'}}, then: accept}`,
      ...(kind === 'tags' ? [`    - {set: {community: {add: '${DAEMON_AS}:200'}}, then: accept}`] : []),
    ].join('\n'),
  );
  return [
    `prefix-sets: ${JSON.stringify({ bogons: BOGONS.map((prefix) => `${prefix}+`), ...sets })}`,
    'policies:',
    ...lines,
    '  to-all:',
    `    - {if: {community: '${DAEMON_AS}:666'}, then: reject}`,
    '    - {then: accept}',
  ];
}

function ownKind({ index, sender }: Neighbour): string[] {
  if (sender) return [];
  return [`  to-${index}:`, `    - {set: {community: {add: '${DAEMON_AS}:${index}'}}, then: accept}`];
}

export function birdPolicy(neighbours: readonly Neighbour[], kind: PolicyKind): string[] {
  return [
    `define BOGONS = [ ${BOGONS.map((prefix) => `${prefix}+`).join(', ')} ];`,
    ...neighbours
      .filter(({ sender }) => sender)
      .flatMap((each) => [
        `define CUSTOMER_${each.index} = [ ${listOf(each, kind)
          .map(({ prefix, from, to }) => `${prefix}{${from},${to}}`)
          .join(', ')} ];`,
        `filter from_${each.index} {`,
        '  if net ~ BOGONS then reject;',
        '  if net.len < 8 && net.len > 0 then reject;',
        '  if bgp_path ~ [64512..65499] then reject;',
        '  if bgp_path.len >= 60 then reject;',
        `  bgp_community.delete([(${DAEMON_AS}, *)]);`,
        `  if net ~ CUSTOMER_${each.index} then bgp_community.add((${DAEMON_AS}, 100));`,
        kind === 'tags' ? `  else bgp_community.add((${DAEMON_AS}, 200));` : '  else reject;',
        '  accept;',
        '}',
      ]),
    `filter to_all { if (${DAEMON_AS}, 666) ~ bgp_community then reject; accept; }`,
  ];
}
