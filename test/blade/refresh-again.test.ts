/** A neighbour that begins refresh after refresh (RFC 7313): what each leaves to be withdrawn is withdrawn in slices, and none of it is lost. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { encodeRouteRefresh, RefreshKind } from '../../src/bgp/message.ts';
import { Blade } from '../../src/blade/blade.ts';
import { LIMITS } from '../../src/blade/limits.ts';
import { openRecord } from '../../src/blade/rehearsal/rehearsal.ts';
import { Neighbor } from '../../src/blade/rehearsal/rehearsal-neighbor.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { PAGE_WORDS, SESSION, SESSION_FLAG, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

const [TELLER, OTHER] = [0, 1] as const;
/** Of IPv4, seven prefixes each. */
const SETS = Array.from({ length: 900 }, (_, set) => set).filter((set) => set % 16 !== 15);
const [BEGIN, END] = [RefreshKind.Begin, RefreshKind.End].map((kind) => encodeRouteRefresh(1, 1, kind)) as [
  Uint8Array,
  Uint8Array,
];

/** One neighbour has told its table. Time stands still, so that nothing ends a stage but what it may hold. */
function scene(holdTime = 0) {
  const rings = { receiveBytes: 1 << 16, transmitBytes: 1 << 20, prefixes4: 1 << 15, attributes: 1 << 14 };
  const memory = smallMemory({ blades: 1, sessions: 4, attributeBytes: 1 << 20, pages: 1024, ...rings });
  const fabric = new Fabric(memory, 0, describeFor(65_000));
  const time = { now: 0 };
  const configurations = [TELLER, OTHER].map((index) => plainSession(index, { holdTime }));
  const news: string[] = [];
  const blade = new Blade(
    fabric,
    0,
    configurations,
    () => time.now,
    new Random(1),
    ({ kind }) => news.push(kind),
  );
  for (const { index } of configurations) {
    openRecord(fabric, index);
    const flags = fabric.session(index, SESSION.flags) | SESSION_FLAG.enhancedRefresh;
    fabric.setSession(index, SESSION.flags, flags);
    blade.order({ kind: 'attach', session: index });
  }
  const [teller, other] = [TELLER, OTHER].map((index) => new Neighbor(fabric, index, 65_001 + index)) as [
    Neighbor,
    Neighbor,
  ];
  const turn = (): boolean => {
    other.listen();
    teller.listen();
    return blade.turn();
  };
  const received = (): number => fabric.number(TELLER, SESSION_NUMBER.routesReceived);
  const advertised = (): number => fabric.number(OTHER, SESSION_NUMBER.routesAdvertised);
  for (const set of SETS) {
    teller.tell(0, set);
    if (set % 16 === 0) while (turn());
  }
  while (turn());
  return { fabric, blade, time, news, teller, turn, received, advertised };
}

test('what a refresh left is withdrawn in slices, though the next one begins at once, and the one after', (t) => {
  const { fabric, teller, turn, received, advertised } = scene();
  const before = received();
  t.true(before > 3 * PAGE_WORDS, `${before}`);
  const messages = fabric.number(TELLER, SESSION_NUMBER.messagesReceived);
  for (const message of [BEGIN, END, BEGIN, END, BEGIN]) teller.say(message);
  let [most, turns] = [0, 0];
  for (let [more, was] = [true, before]; more; was = received()) {
    more = turn();
    turns++;
    most = Math.max(most, was - received());
  }
  t.true(most <= LIMITS.sweepPages * PAGE_WORDS, `${most} routes in one turn`);
  t.true(turns >= before / PAGE_WORDS);
  t.deepEqual([received(), advertised()], [0, 0]);
  t.is(fabric.number(TELLER, SESSION_NUMBER.messagesReceived) - messages, 5, 'each counts once');
});

test('what is told behind a refresh that waits is not lost, and what it does not repeat goes', (t) => {
  const { teller, turn, received, advertised } = scene();
  for (const message of [BEGIN, END]) teller.say(message);
  teller.tell(0, 3);
  teller.say(BEGIN);
  for (const set of [1, 2]) teller.tell(0, set);
  while (turn());
  // Sets of seven prefixes, three of which two of them have in common; the third one is stale.
  t.deepEqual([received(), advertised()], [18, 18]);
  teller.say(END);
  while (turn());
  t.deepEqual([received(), advertised()], [14, 14]);
});

test('a neighbour whose refresh waits for long is not blamed for that', (t) => {
  const { blade, time, news, teller, turn, received } = scene(9);
  for (const message of [BEGIN, END, BEGIN]) teller.say(message);
  while (received() > 0) {
    // The thread hangs now and then.
    time.now += 8000;
    turn();
  }
  while (turn());
  t.false(news.includes('down'), JSON.stringify(news));
  t.true(blade.roster.served.get(TELLER)?.stale.families === 1, 'the last one has begun');
});
