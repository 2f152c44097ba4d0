/** Members of an update group that read more slowly than the others: who waits for whom, and for how long. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Blade } from '../../src/blade/blade.ts';
import { openRecord } from '../../src/blade/rehearsal/rehearsal.ts';
import { Neighbor } from '../../src/blade/rehearsal/rehearsal-neighbor.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { CONNECTION, SESSION, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

const RING = 1 << 16;
const SENDER = 1;
/** Sets of seven prefixes that are told again and again: what is told of all of them fills a ring five times. */
const SETS = 560;
const TOLD_IN_A_TURN = 20;

interface Stage {
  readonly fabric: Fabric;
  readonly blade: Blade;
  /** A millisecond with a turn or two, in which the sender tells something new; then these members read, so many octets each at most. */
  pass(reads: ReadonlyMap<number, number>): void;
  /** The sender tells nothing any more. */
  silence(): void;
  /** Routes that a member was told. */
  told(member: number): number;
  /** Members that are told together. */
  together(): number[][];
}

/** Sessions with even numbers are told the same. */
function stage(members: readonly number[]): Stage {
  const memory = smallMemory({
    blades: 1,
    sessions: 32,
    receiveBytes: 1 << 16,
    transmitBytes: RING,
    attributes: 1 << 15,
    attributeBytes: 1 << 23,
  });
  const fabric = new Fabric(memory, 0, describeFor(65_000));
  let now = 0;
  const configurations = [...members, SENDER].map((index) => plainSession(index));
  const blade = new Blade(
    fabric,
    0,
    configurations,
    () => now,
    new Random(1),
    () => {},
  );
  for (const { index } of configurations) {
    openRecord(fabric, index);
    blade.order({ kind: 'attach', session: index });
  }
  while (blade.turn());
  const sender = new Neighbor(fabric, SENDER, 65_001);
  let [said, silent] = [0, false];
  return {
    fabric,
    blade,
    pass(reads) {
      for (let i = 0; i < TOLD_IN_A_TURN && !silent; i++, said++)
        sender.tell(Math.floor(said / SETS), said % SETS);
      for (let turns = 0; turns < 3 && blade.turn(); turns++);
      for (const [member, octets] of reads) read(fabric, member, octets);
      now++;
    },
    silence: () => {
      silent = true;
    },
    told: (member) => fabric.number(member, SESSION_NUMBER.announcementsSent),
    together: () =>
      blade.groups.all
        .map(({ members: all }) => all.filter((member) => member !== SENDER))
        .filter(({ length }) => length > 0),
  };
}

/** What the line card would do: it rings where the ring was a quarter full. */
function read(fabric: Fabric, member: number, octets: number): void {
  const { words } = fabric.connections;
  const at = fabric.connections.at(member, fabric.session(member, SESSION.connection));
  const [head, tail] = [
    words[at + CONNECTION.transmitHead] as number,
    words[at + CONNECTION.transmitTail] as number,
  ];
  words[at + CONNECTION.transmitTail] = (tail + Math.min(octets, (head - tail) | 0)) | 0;
}

const ALL = RING;

test('who always has a little room, but seldom, does not set the pace of the others', (t) => {
  const members = [0, 2, 4];
  const reads = new Map([0, 2].map((member) => [member, ALL]));
  const alone = stage([0, 2]);
  const beside = stage(members);
  // Every 20 ms, so that nobody ever waits for 50, half of what may be told at once.
  for (let now = 0; now < 2000; now++) {
    alone.pass(reads);
    beside.pass(now % 20 === 0 ? new Map([...reads, [4, RING / 4]]) : reads);
  }
  t.deepEqual(
    beside.together().map(([first]) => first),
    [0, 4],
  );
  const [fast, slow, most] = [beside.told(0), beside.told(4), alone.told(0)];
  t.log(`told ${fast} of ${most}, the slow one ${slow}`);
  t.true(fast > 0.8 * most, `${fast} of ${most}`);
  t.true(slow < 0.5 * most, 'it was slow');
});

test('members that fall behind leave together, and are told together', (t) => {
  const box = stage([0, 2, 4, 6, 8]);
  const reads = new Map([0, 2].map((member) => [member, ALL]));
  for (let now = 0; now < 100; now++) box.pass(reads);
  t.deepEqual(box.together(), [
    [0, 2],
    [4, 6, 8],
  ]);
  const views = [4, 6, 8].map((member) => box.fabric.session(member, SESSION.view));
  t.is(new Set(views).size, 1, 'in one view of what they were told');
  // Of those the next ones that lag leave the others.
  for (let now = 0; now < 400; now++) box.pass(new Map([...reads, [4, ALL]]));
  t.deepEqual(box.together(), [[0, 2], [4], [6, 8]]);
});

test('where all members are as slow nobody leaves, however long it takes', (t) => {
  const box = stage([0, 2, 4, 6]);
  for (let now = 0; now < 2000; now++) box.pass(new Map());
  t.deepEqual(box.together(), [[0, 2, 4, 6]]);
  // One after the other has read, within the time that the first one waits for the last one.
  for (const member of [0, 2, 4, 6]) for (let now = 0; now < 12; now++) box.pass(new Map([[member, ALL]]));
  t.deepEqual(box.together(), [[0, 2, 4, 6]]);
});

test('members that take turns in being slow are not parted', (t) => {
  const members = [0, 2, 4, 6];
  const box = stage(members);
  const before = members.map((member) => box.told(member));
  for (let now = 0; now < 4000; now++)
    box.pass(new Map([[members[Math.floor(now / 10) % 4] as number, ALL]]));
  t.deepEqual(box.together(), [members]);
  t.true(members.every((member, i) => box.told(member) > (before[i] as number) + 25_000));
});

test('who is far behind is told what holds when it reads again, each prefix once', (t) => {
  const box = stage([0, 2]);
  for (let now = 0; now < 2000; now++) box.pass(new Map([[0, ALL]]));
  const [fast, slow] = [box.told(0), box.told(2)];
  const full = 7 * SETS;
  t.true(fast > 30 * full, `${fast}`);
  box.silence();
  for (let now = 0; now < 200; now++) box.pass(new Map([0, 2].map((member) => [member, ALL])));
  t.true(box.told(2) - slow <= full, `${box.told(2) - slow} of ${full}`);
  t.true(box.told(2) - slow > full / 2);
});
