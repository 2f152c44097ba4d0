/**
 * The policy of the cases with "+policy", in graftd's words and in BIRD's: what a transit provider asks of its customers.
 * It lets every route of the feeds pass, so that the same tables are the right ones.
 *
 *   bogons, short prefixes, private ASes, long paths: rejected ─→ our own communities removed ─→ 10 k prefixes of the customer: one
 *   community, all others: another
 *
 * On export, what says so is kept back.
 */
import { Random } from '../../src/base/random.ts';
import { DAEMON_AS, type Neighbour } from './cases.ts';

/** Entries of each customer's list. */
const LIST = 10_000;

const BOGONS = [
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.2.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
];

/** Prefixes of 16 bits, of which a customer announces parts. */
function listOf({ index }: Neighbour): string[] {
  const random = new Random(index + 1);
  const list = new Set<number>();
  while (list.size < LIST) list.add((1 + random.below(222)) * 256 + random.below(256));
  return [...list].map((high) => `${high >> 8}.${high & 255}.0.0/16`);
}

/** As JSON, which is YAML. */
export function graftdPolicy(neighbours: readonly Neighbour[]): string[] {
  const senders = neighbours.filter(({ sender }) => sender);
  const sets = Object.fromEntries(
    senders.map((each) => [`customer-${each.index}`, listOf(each).map((prefix) => `${prefix} le 24`)]),
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
      `    - {set: {community: {add: '${DAEMON_AS}:200'}}, then: accept}`,
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

export function birdPolicy(neighbours: readonly Neighbour[]): string[] {
  return [
    `define BOGONS = [ ${BOGONS.map((prefix) => `${prefix}+`).join(', ')} ];`,
    ...neighbours
      .filter(({ sender }) => sender)
      .flatMap((each) => [
        `define CUSTOMER_${each.index} = [ ${listOf(each)
          .map((prefix) => `${prefix}{16,24}`)
          .join(', ')} ];`,
        `filter from_${each.index} {`,
        '  if net ~ BOGONS then reject;',
        '  if net.len < 8 && net.len > 0 then reject;',
        '  if bgp_path ~ [64512..65499] then reject;',
        '  if bgp_path.len >= 60 then reject;',
        `  bgp_community.delete([(${DAEMON_AS}, *)]);`,
        `  if net ~ CUSTOMER_${each.index} then bgp_community.add((${DAEMON_AS}, 100));`,
        `  else bgp_community.add((${DAEMON_AS}, 200));`,
        '  accept;',
        '}',
      ]),
    `filter to_all { if (${DAEMON_AS}, 666) ~ bgp_community then reject; accept; }`,
  ];
}
