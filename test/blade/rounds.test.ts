import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Rounds } from '../../src/blade/rounds.ts';
import { Pending } from '../../src/blade/telling/pending.ts';
import { ReadySets } from '../../src/fabric/ready.ts';
import { newSeed, smallMemory } from '../fabric/support/small.ts';

const SESSIONS = 128;

function rounds(mine: readonly number[]): { ready: ReadySets; rounds: Rounds } {
  const ready = new ReadySets(smallMemory({ sessions: SESSIONS }).ready, SESSIONS);
  const words = new Int32Array(ready.size);
  for (const session of mine) words[session >>> 5] = (words[session >>> 5] as number) | (1 << (session & 31));
  return { ready, rounds: new Rounds(ready, words) };
}

test('those who always have more are visited equally often, wherever turns end', (t) => {
  const random = new Random(newSeed());
  const mine = [0, 3, 31, 32, 64, 65, 127];
  const { ready, rounds: fair } = rounds(mine);
  const visits = new Map(mine.map((session) => [session, 0]));
  for (const session of mine) ready.setForBlade(session);
  for (let turn = 0; turn < 1000; turn++) {
    let left = 1 + random.below(12);
    fair.completed = 0;
    const visit = (session: number): boolean => {
      visits.set(session, (visits.get(session) ?? 0) + 1);
      return true;
    };
    t.true(fair.run(2, visit, () => --left <= 0));
  }
  const counts = [...visits.values()];
  t.true(Math.min(...counts) > 500, `GRAFTD_SEED=${random.seed}`);
  t.true(Math.max(...counts) <= Math.min(...counts) * 1.1, `${counts} GRAFTD_SEED=${random.seed}`);
});

test('who has news is visited within one round, others’ sessions are left alone, and in the end nobody is left', (t) => {
  const { ready, rounds: fair } = rounds([1, 40, 41]);
  for (const session of [1, 2, 40, 41]) ready.setForBlade(session);
  const visited: number[] = [];
  const visit = (session: number): boolean => {
    visited.push(session);
    return session === 1 && visited.length < 8;
  };
  t.false(
    fair.run(64, visit, () => false),
    'nobody has more',
  );
  t.deepEqual([...new Set(visited)].sort(), [1, 40, 41]);
  t.is(visited.filter((session) => session === 40).length, 1);
  t.is(ready.takeForBlade(0, -1), 1 << 2, 'the session of another blade keeps its news');
});

test('what is urgent is sent first, once, and nothing is lost', (t) => {
  const pending = new Pending();
  for (const id of [1, 2, 3]) pending.add(id);
  pending.addUrgent(9);
  pending.addUrgent(2);
  pending.add(9);
  t.deepEqual([...pending.copy()], [9, 2, 1, 2, 3]);
  const taken: (number | boolean)[] = [];
  while (pending.size > 0) taken.push(pending.urgent, pending.shift());
  t.deepEqual(taken, [true, 9, true, 2, false, 1, false, 2, false, 3]);
  t.is(pending.shift(), -1);
});
