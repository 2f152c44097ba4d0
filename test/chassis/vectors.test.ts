/**
 * Every message of other projects' tests, right and wrong, on live sessions with a real chassis, while a table goes from one
 * neighbour to another: each is answered as the decoder says, and the two never notice.
 */
import test from 'ava';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { type Judged, judge } from '../support/judge.ts';
import { framed, loadVectors } from '../support/vectors.ts';
import { type Box, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const GOOD = '127.1.3.1';
const WITNESS = '127.1.3.2';
const PATIENT = '127.1.3.3';
const BAD_AS = 64666;
/** 127.0.0.1, where the chassis listens: a next hop of some vectors. */
const OURS = 0x7f000001;
const ROUTES = 4000;
const table = generateTable({ seed: 13, ipv4: ROUTES, ipv6: 0 });
/** Conversations at the same time. */
const ABREAST = 8;

interface Case {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly judged: readonly Judged[];
}

/** What a session of 4-octet ASes with a neighbour of another AS makes of each. */
function cases(): Case[] {
  return [...(loadVectors() ?? [])].flatMap(([source, vectors]) =>
    vectors.flatMap((vector) => {
      const message = framed(source, vector);
      if (message === undefined) return [];
      const judged = judge(message.bytes, { fourOctetAs: true, external: true, families: 3, own4: OURS });
      return [{ id: `${source}/${vector.id}`, bytes: message.bytes, judged }];
    }),
  );
}

/** The NOTIFICATION that the first message brings that ends the session; undefined: it goes on; 'closed': theirs ends it. */
function ending(judged: readonly Judged[]): readonly number[] | 'closed' | undefined {
  for (const { answer, notification } of judged) {
    if (answer === 'session-reset' || answer.startsWith('header error')) return notification;
    if (answer.startsWith('OPEN')) return [5, 3]; // RFC 6608: a second one, in Established, whatever it says
    if (answer === 'NOTIFICATION') return 'closed';
  }
  return undefined;
}

const all = cases();
const going = all.filter(
  ({ judged }) => ending(judged) === undefined && judged.every(({ answer }) => answer !== 'incomplete'),
);
const ended = all.filter(({ judged }) => ending(judged) !== undefined);
const address = (n: number): string => `127.1.${4 + (n >> 7)}.${1 + (n & 127)}`;
const OPEN = { as: BAD_AS, capabilities: { multiprotocol: multiprotocolOf(3) } };

test('every vector on a live session is answered as the RFC says, and nobody else notices', async (t) => {
  if (all.length === 0) {
    t.log('skipped: the vectors are not here');
    t.pass();
    return;
  }
  const more = { families: ['ipv4-unicast', 'ipv6-unicast'] };
  const box = await startBox(t, {
    limits: { sessions: ended.length + 8 },
    neighbors: [
      { address: GOOD, as: 64501 },
      { address: WITNESS, as: 64502, ...more },
      { address: PATIENT, as: BAD_AS, ...more },
      ...ended.map((_, n) => ({ address: address(n), as: BAD_AS, ...more })),
    ],
  });
  const teller = await box.speaker(GOOD, 64501);
  const witness = await box.speaker(WITNESS, 64502);
  await Promise.all([teller.up(), witness.up()]);
  await teller.send(feedFor(table, { neighborAs: 64501, nextHop: GOOD, seed: 1 }));
  await until('the witness has the table', () => witness.stats().routes4 === ROUTES);

  const patient = await staying(box);
  const session = await box.operator.showSession(PATIENT);
  const updates = going
    .flatMap(({ judged }) => judged)
    .filter(({ answer }) => /^(accepted|attribute|treat)/.test(answer));
  t.is(session.state, 'Established');
  const { treatedAsWithdraw, attributesDiscarded } = session.messagesReceived ?? {};
  t.is(treatedAsWithdraw, updates.filter(({ answer }) => answer === 'treat-as-withdraw').length);
  t.is(attributesDiscarded, updates.filter(({ answer }) => answer === 'attribute-discard').length);

  const wrong: string[] = [];
  for (let n = 0; n < ended.length; n += ABREAST) {
    const some = ended.slice(n, n + ABREAST);
    wrong.push(...(await Promise.all(some.map((each, i) => ends(box, each, address(n + i))))).flat());
  }
  t.deepEqual(wrong, []);
  patient.close();
  await until(
    'what the others told is withdrawn',
    () => witness.stats().routes4 === ROUTES && witness.stats().routes6 === 0,
  );
  t.like(witness.stats(), {
    resets: 0,
    duplicates: 0,
    unknownWithdraws: 0,
    malformed: 0,
    state: 'Established',
  });
  t.like(teller.stats(), { resets: 0, notifications: 0, state: 'Established' });
  t.deepEqual(box.chassis.troubles, []);
  t.log(`${going.length} vectors in one session, ${ended.length} that end theirs`);
});

/** All that do not end a session, in one. */
async function staying(box: Box): Promise<RawNeighbour> {
  const neighbour = await RawNeighbour.served(box.port, PATIENT, OPEN);
  for (const { bytes } of going) neighbour.send(bytes);
  const updates = going
    .flatMap(({ judged }) => judged)
    .filter(({ answer }) => /^(accepted|attribute|treat)/.test(answer)).length;
  await until(
    'all UPDATEs are read',
    async () => (await box.operator.showSession(PATIENT)).updatesReceived === updates,
  );
  return neighbour;
}

/** One that ends its session; what is wrong with the answer. */
async function ends(box: Box, { id, bytes, judged }: Case, from: string): Promise<string[]> {
  const expected = ending(judged);
  const neighbour = await RawNeighbour.dial(box.port, from);
  try {
    await neighbour.establish(OPEN);
    neighbour.send(bytes);
    const answer = await neighbour.notification();
    const right =
      expected === 'closed' ? answer === undefined : expected?.every((octet, i) => answer?.[i] === octet);
    return right ? [] : [`${id}: ${String(answer)} instead of ${String(expected)}`];
  } finally {
    neighbour.close();
  }
}
