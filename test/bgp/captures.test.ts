/**
 * Packet captures of other projects, replayed through the decoder: the messages are those that tcpdump and NetGauze find in them,
 * each gets the answer of the RFC, and the routes are theirs.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { HEADER_LENGTH, MessageType, messageType } from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import { dataFile } from '../support/data.ts';
import { type Judged, judge } from '../support/judge.ts';
import { bgpStreams, type Stream } from '../support/pcap.ts';

const folder = dataFile('pcap');
const KINDS: Readonly<Record<string, string>> = {
  OPEN: 'Open',
  NOTIFICATION: 'Notification',
  KEEPALIVE: 'Keepalive',
  'ROUTE-REFRESH': 'Route Refresh',
};
const GOOD = ['accepted', ...Object.keys(KINDS)];

/** Sessions of 2-octet ASes whose OPENs were not captured. */
const NARROW = [
  'tcpdump-bgp-aigp-2.pcap',
  'tcpdump-bgp-rt-prefix.pcap',
  'ndpi-BGP_redist.pcap',
  'tcpdump-bgp_vpn_attrset.pcap',
];

/** What is wrong in a capture gets our answers, one after the other, and the reason. */
// biome-ignore format: one line per rule
const DIFFERENT: Readonly<Record<string, readonly [answers: readonly string[], why: string]>> = {
  'netgauze-301-cisco.pcap': [['incomplete'], 'the capture ends in the middle of a message'],
  'tcpdump-bgp-aigp-oobr.pcap': [['session-reset attribute 171: well-known, but not to us', 'header error 1'], 'noise behind one header: RFC 4271 6.3, 6.1'],
  'tcpdump-bgp-bgp_capabilities_print-oobr-2.pcap': [['header error 1'], 'no marker: RFC 4271 6.1'],
  'tcpdump-bgp-infinite-loop.pcap': [new Array<string>(4).fill('header error 2'), 'UPDATEs of 19 octets: RFC 4271 6.1 (one of them was captured twice)'],
  'tcpdump-bgp_mp_reach_nlri-oobr.pcap': [['header error 1'], 'no marker: RFC 4271 6.1'],
  'tcpdump-bgpsec_invalid_signature_block_length.pcap': [['treat-as-withdraw AS_PATH: missing'], 'BGPsec_PATH in the place of AS_PATH, which was not agreed upon (RFC 8205 4.2)'],
};

/** NetGauze's expectation is of the first sessions alone. */
const PART = 'netgauze-multiple-sessions.pcap';

/** Each direction is read as the OPENs of both have it: 4-octet ASes if both said so, or if none was captured. */
function judgeAll(file: string, streams: readonly Stream[]): Judged[] {
  const narrow = NARROW.includes(path.basename(file));
  return streams.flatMap(({ name, bytes }) => {
    const back = streams.find((each) => each.name === name.split(' > ').reverse().join(' > '));
    const opens = [bytes, back?.bytes ?? new Uint8Array(0)].filter((each) => opensWithOpen(each));
    const fourOctetAs = opens.length === 0 ? !narrow : opens.every(saysFourOctetAs);
    return judge(bytes, { fourOctetAs, external: false, families: 3 });
  });
}

function opensWithOpen(bytes: Uint8Array): boolean {
  return bytes.length > 28 && messageType(bytes, 0) === MessageType.Open;
}

function saysFourOctetAs(bytes: Uint8Array): boolean {
  const open = decodeOpen(bytes, HEADER_LENGTH, (bytes[16]! << 8) | bytes[17]!);
  return !isFailure(open) && open.capabilities.fourOctetAs !== undefined;
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const kindsOf = (judged: readonly Judged[]): Record<string, number> =>
  count(
    judged
      .filter(({ answer }) => !/incomplete|header error/.test(answer))
      .map(({ answer }) => KINDS[answer] ?? 'Update'),
  );

/** tcpdump's words: kinds of messages, and the IPv4 routes of the bodies. */
function tcpdumpOf(text: string): { kinds: Record<string, number>; routes: string[] } {
  const kinds = [...text.matchAll(/^\s+(Open|Update|Notification|Keepalive|Route Refresh) Message/gm)].map(
    ([, kind]) => kind as string,
  );
  const routes = [...text.matchAll(/^\t {2}(?:Updated|Withdrawn) routes:.*\n((?:\t {4}.*\n)+)/gm)].flatMap(
    ([, lines = '']) => [...lines.matchAll(/(\d+\.\d+\.\d+\.\d+\/\d+)/g)].map(([prefix]) => prefix),
  );
  return { kinds: count(kinds), routes };
}

/** NetGauze's decoding, a value a line: kinds of messages, and the prefixes of unicast. */
function netgauzeOf(text: string): { kinds: Record<string, number>; routes: string[] } {
  const messages = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string | Record<string, unknown>);
  const kinds = messages.map((message) =>
    (typeof message === 'string' ? message : (Object.keys(message)[0] as string)).replace(
      'KeepAlive',
      'Keepalive',
    ),
  );
  const unicast = messages
    .map((message) => JSON.stringify(message))
    .flatMap((line) => [
      ...line.matchAll(/"Ipv[46]Unicast":\{[^[]*"nlri":\[([^\]]*)\]/g),
      ...line.matchAll(/"(?:withdrawn_routes|nlri)":\[(\{"path_id":null,"network":[^\]]*)\]/g),
    ]);
  const routes = new Set(
    unicast.flatMap(([, list = '']) =>
      [...list.matchAll(/"network":"([^"]+)"/g)].map(([, prefix]) => prefix as string),
    ),
  );
  return { kinds: count(kinds), routes: [...routes] };
}

const files = folder === undefined ? [] : readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name));

test('the captures are here, or the test says so', (t) => {
  if (folder === undefined) t.log('skipped: the captures are not here');
  t.true(folder === undefined || files.length > 35);
});

for (const name of files) {
  test(name, (t) => {
    const file = path.join(folder as string, name);
    const judged = judgeAll(file, bgpStreams(file));
    const wrong = judged
      .filter(({ answer }) => !GOOD.includes(answer))
      .map(({ answer, why }) => `${answer} ${why}`.trim());
    t.deepEqual(wrong, [...(DIFFERENT[name]?.[0] ?? [])], DIFFERENT[name]?.[1]);
    const said = new Set(
      judged.flatMap(({ announced, withdrawn }) => [
        ...announced.map((route) => route.split(' ')[0] as string),
        ...withdrawn,
      ]),
    );
    t.log(
      Object.entries(kindsOf(judged))
        .map(([kind, number]) => `${number} ${kind}`)
        .join(', '),
      `${said.size} prefixes`,
    );
    const expected = existsSync(`${file}.expected.txt`)
      ? tcpdumpOf(readFileSync(`${file}.expected.txt`, 'utf8'))
      : existsSync(file.replace('.pcap', '.expected.json'))
        ? netgauzeOf(readFileSync(file.replace('.pcap', '.expected.json'), 'utf8'))
        : undefined;
    if (expected === undefined) return;
    if (!wrong.every((answer) => answer === 'incomplete')) return;
    const kinds = kindsOf(judged);
    if (name !== PART) t.deepEqual(kinds, expected.kinds);
    else for (const [kind, number] of Object.entries(expected.kinds)) t.true(kinds[kind]! >= number, kind);
    for (const prefix of expected.routes) t.true(said.has(prefix), prefix);
  });
}
