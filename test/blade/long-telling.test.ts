/** A blade that tells so many neighbours the same that one turn is not enough. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Blade } from '../../src/blade/blade.ts';
import { openRecord } from '../../src/blade/rehearsal/rehearsal.ts';
import { Neighbor } from '../../src/blade/rehearsal/rehearsal-neighbor.ts';
import type { Session } from '../../src/blade/session/session.ts';
import { Delivery } from '../../src/blade/telling/delivery.ts';
import type { Desk } from '../../src/blade/telling/desk.ts';
import type { ExportRules } from '../../src/blade/telling/exporter.ts';
import type { Courier } from '../../src/fabric/courier.ts';
import { Epochs } from '../../src/fabric/epochs.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

const SENDER = 1;
/** Those that are told the same: the others' end of ours is another address. */
const RECEIVERS = [0, 2, 4, 6, 8, 10, 12, 14];
/** What telling one takes, milliseconds: more than a third of what a turn has for it. */
const EACH = 1.1;

interface Stage {
  readonly fabric: Fabric;
  readonly blade: Blade;
  readonly sender: Neighbor;
  /** Who was told since it was last asked. */
  told(): number[];
  /** A turn; whether there is more. */
  turn(): boolean;
  /** Has the blade passed a quiescent point in this? */
  passes(work: () => void): boolean;
}

function stage(receivers: readonly number[] = RECEIVERS): Stage {
  const memory = smallMemory({ blades: 1, sessions: 16, receiveBytes: 1 << 14, transmitBytes: 1 << 18 });
  const fabric = new Fabric(memory, 0, describeFor(65_000));
  let [now, log]: [number, number[]] = [0, []];
  const courier: Pick<Courier, 'send' | 'giveWay'> = {
    send: (session) => {
      now += EACH;
      return log.push(session) > 0;
    },
    giveWay: () => {},
  };
  fabric.courier = courier as Courier;
  const clock = (): number => now;
  const configurations = [...receivers, SENDER].map((index) => plainSession(index));
  const blade = new Blade(fabric, 0, configurations, clock, new Random(1), () => {});
  for (const { index } of configurations) {
    openRecord(fabric, index);
    blade.order({ kind: 'attach', session: index });
  }
  while (blade.turn());
  log = [];
  const other = new Epochs(memory.epochs, 1);
  return {
    fabric,
    blade,
    sender: new Neighbor(fabric, SENDER, 65_001),
    told: () => {
      const told = log;
      log = [];
      return told;
    },
    turn: () => blade.turn(),
    passes: (work) => {
      const before = other.snapshot();
      work();
      return other.passed(before);
    },
  };
}

/** Many sets, so that it is no single change. */
function tellAll(sender: Neighbor, from = 0): void {
  for (let set = from; set < from + 40; set++) sender.tell(0, set);
}

test('a turn tells as many as it has time for, and the next ones the others, each once', (t) => {
  const { sender, turn, told, passes } = stage();
  tellAll(sender);
  // What came last is told first, as a change of its own.
  const turns: number[][] = [];
  for (let more = true; more; turns.push(told())) more = turn();
  const all = turns.flat();
  t.is(all.length % RECEIVERS.length, 0);
  for (let at = 0; at < all.length; at += RECEIVERS.length)
    t.deepEqual(all.slice(at, at + RECEIVERS.length), RECEIVERS);
  // The last one may begin before the time is over.
  t.true(
    turns.every(({ length }) => length <= 4),
    JSON.stringify(turns),
  );
  t.true(passes(() => turn()));
});

test('until all are told and it is noted, the blade passes no quiescent point', (t) => {
  const { blade, sender, turn, passes } = stage();
  tellAll(sender);
  let [long, others] = [0, 0];
  for (let more = true; more; ) {
    const passed = passes(() => {
      more = turn();
    });
    t.is(passed, !blade.telling);
    if (passed) others++;
    else long++;
    t.true(more || !blade.telling);
  }
  t.true(long > 2 && others > 0, `${long} ${others}`);
});

test('while much waits to be told, a quiescent point is passed behind each part that takes more than a turn', (t) => {
  // Three are left when the first turn is over, and then there would be time for the next part.
  const seven = RECEIVERS.slice(1);
  const { blade, sender, turn, told, passes } = stage(seven);
  tellAll(sender);
  let ended = 0;
  for (let [more, set] = [true, 40]; more; set += 40) {
    if (set < 1000) tellAll(sender, set);
    const resumed = blade.telling;
    const passed = passes(() => {
      more = turn();
    });
    const { length } = told();
    if (!resumed) continue;
    t.true(length < seven.length, `${length} are told in the turn that goes on`);
    t.is(passed, !blade.telling);
    if (passed) ended++;
  }
  t.true(ended > 8, `${ended}`);
});

test('what a session says itself in the middle has room besides what it is to be told', (t) => {
  const { fabric } = stage();
  const delivery = new Delivery(
    fabric,
    [RECEIVERS[0] as number],
    {} as Desk,
    { maxMessage: 4096 } as ExportRules,
  );
  t.is(delivery.memberWithoutRoom(), -1);
  // A KEEPALIVE, and the borders of a refresh of both families.
  t.true(delivery.room + 19 + 4 * 23 <= fabric.connections.transmitRoom(delivery.connection(RECEIVERS[0]!)));
});

test('who goes in the middle is told nothing more, and all others are told', (t) => {
  for (const gone of [RECEIVERS[0], RECEIVERS[3], RECEIVERS.at(-1)] as number[]) {
    const { blade, fabric, sender, turn, told } = stage();
    tellAll(sender);
    while (turn() && !blade.telling);
    const before = told();
    blade.order({ kind: 'dismiss', session: gone });
    while (turn());
    const after = told();
    t.false(after.includes(gone));
    const times = (session: number): number =>
      [...before, ...after].filter((told) => told === session).length;
    const others = RECEIVERS.filter((session) => session !== gone);
    t.deepEqual(
      others.map(times),
      others.map(() => times(others[0] as number)),
    );
    const routes = others.map((session) => fabric.number(session, SESSION_NUMBER.routesAdvertised));
    t.is(new Set(routes).size, 1, 'all were told as much');
  }
});

test('who has other rules in the middle is told what the others are, before it leaves them: in as many turns as it takes', (t) => {
  const { blade, sender, turn, told } = stage();
  tellAll(sender);
  while (turn() && !blade.telling);
  const rest = RECEIVERS.slice(told().length % RECEIVERS.length);
  t.true(rest.length > 4 && blade.telling);
  const last = RECEIVERS.at(-1) as number;
  const { group } = blade.roster.served.get(last) as Session;
  blade.order({ kind: 'configure', session: plainSession(last, { exportAccept: false }) });
  const turns: number[][] = [];
  while (blade.telling) {
    turn();
    turns.push(told());
    t.is(blade.roster.served.get(last)?.group, group);
  }
  t.deepEqual(turns.flat(), rest);
  t.true(turns.length > 1 && turns.every(({ length }) => length <= 4), JSON.stringify(turns));
  turn();
  t.not(blade.roster.served.get(last)?.group, group);
});

test('who is released in the middle has left those whose rules are others now', (t) => {
  const { blade, sender, turn } = stage();
  tellAll(sender);
  while (turn() && !blade.telling);
  const last = RECEIVERS.at(-1) as number;
  blade.order({ kind: 'configure', session: plainSession(last, { exportAccept: false }) });
  turn();
  t.true(blade.telling);
  const rule = blade.fabric.session(last, SESSION.exportRule);
  blade.roster.release(last);
  t.false(blade.telling);
  t.not(blade.fabric.session(last, SESSION.exportRule), rule);
});
