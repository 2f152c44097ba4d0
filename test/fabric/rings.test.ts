import test from 'ava';
import fc from 'fast-check';
import { Connections } from '../../src/fabric/connections.ts';
import { CONNECTION, RING } from '../../src/fabric/layout.ts';
import { RecordRing } from '../../src/fabric/record-ring.ts';
import { newSeed, SMALL, smallMemory } from './support/small.ts';
import { takeOne } from './support/take.ts';
import { runThreads } from './support/threads.ts';

/** A little before positions wrap around. */
const LATE = -5;

type Step =
  | { do: 'claim'; value: number }
  | { do: 'claim all'; values: number[] }
  | { do: 'publish' | 'read' | 'read all' | 'release' };
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), value: fc.integer() }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('claim all' as const), values: fc.array(fc.integer()) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('publish', 'read', 'read all', 'release') }),
    },
  ),
  { maxLength: 200 },
) as fc.Arbitrary<Step[]>;

test('a record ring is a queue of what was published, no larger than it says, and also where positions wrap', (t) => {
  fc.assert(
    fc.property(steps, fc.boolean(), (run, late) => {
      const memory = smallMemory({ ringRecords: 4 });
      if (late) {
        const words = new Int32Array(memory.fabricRings);
        words.fill(LATE, RING.head, RING.head + 1).fill(LATE, RING.tail, RING.tail + 1);
      }
      const producer = new RecordRing(memory, 0, 0);
      const consumer = new RecordRing(memory, 0, 0);
      const claimed: number[] = [];
      const published: number[] = [];
      let held = 0; // read and not released
      const [firsts, seconds] = [new Int32Array(4), new Int32Array(4)];
      for (const step of run) {
        if (step.do === 'claim') {
          const room = claimed.length + published.length + held < 4;
          t.is(producer.claim(step.value, ~step.value), room);
          if (room) claimed.push(step.value);
        } else if (step.do === 'claim all') {
          const words = Int32Array.from(step.values.flatMap((value) => [value, ~value]));
          const first = Math.min(1, step.values.length);
          const room = 4 - claimed.length - published.length - held;
          const took = Math.min(room, step.values.length - first);
          t.is(producer.claimAll(words, first, step.values.length), took);
          claimed.push(...step.values.slice(first, first + took));
        } else if (step.do === 'read all') {
          const waiting = consumer.waiting();
          consumer.takeAll(firsts, seconds, waiting);
          t.deepEqual([...firsts.subarray(0, waiting)], published.splice(0, waiting));
          for (let i = 0; i < waiting; i++) t.is(seconds[i], ~(firsts[i] as number));
          held += waiting;
        } else if (step.do === 'publish') {
          t.is(producer.publish(), claimed.length > 0);
          published.push(...claimed.splice(0));
        } else if (step.do === 'read') {
          const waiting = consumer.waiting();
          t.true(waiting <= published.length && waiting > 0 === published.length > 0);
          if (waiting === 0) continue;
          const value = published.shift() as number;
          t.deepEqual(takeOne(consumer), [value, ~value]);
          held++;
        } else {
          consumer.release();
          held = 0;
        }
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('rings of different pairs of blades are different rings', (t) => {
  const memory = smallMemory();
  const pairs = [0, 1, 2, 3].flatMap((from) => [0, 1, 2, 3].map((to) => [from, to] as const));
  for (const [from, to] of pairs) {
    const ring = new RecordRing(memory, from, to);
    for (let i = 0; i < SMALL.ringRecords; i++) t.true(ring.claim(from * 4 + to, i));
    ring.publish();
  }
  for (const [from, to] of pairs) {
    const ring = new RecordRing(memory, from, to);
    t.is(ring.waiting(), SMALL.ringRecords);
    for (let i = 0; i < SMALL.ringRecords; i++) t.deepEqual(takeOne(ring), [from * 4 + to, i]);
  }
});

test('a ring object made anew goes on where the one before published and released', (t) => {
  const memory = smallMemory({ ringRecords: 4 });
  const first = new RecordRing(memory, 0, 1);
  for (let i = 0; i < 3; i++) first.claim(i, 0);
  first.publish();
  first.claim(99, 0); // never published: the blade died
  const consumer = new RecordRing(memory, 0, 1);
  consumer.waiting();
  takeOne(consumer);
  consumer.release();
  takeOne(consumer); // not released: the blade died before it was applied
  const second = new RecordRing(memory, 0, 1);
  t.true(second.claim(3, 0));
  second.publish();
  const again = new RecordRing(memory, 0, 1);
  t.is(again.waiting(), 3);
  for (const expected of [1, 2, 3]) t.is(takeOne(again)[0], expected);
});

for (const ringRecords of [1, 2, 16]) {
  test.serial(
    `a ring of ${ringRecords} records between two threads loses, repeats and tears nothing`,
    async (t) => {
      const memory = smallMemory({ ringRecords });
      const words = new Int32Array(memory.fabricRings);
      const base = SMALL.blades * 0 + 1; // the ring from blade 0 to blade 1
      const first = base * (RING.words + ringRecords * 2);
      words[first + RING.head] = words[first + RING.tail] = -1000;
      const count = ringRecords === 1 ? 20_000 : 100_000;
      const tasks = ['recordProducer', 'recordConsumer'] as const;
      const seen = await runThreads<number>({ memory, tasks, seed: newSeed(), count });
      t.deepEqual(seen, [count, count]);
    },
  );
}

test.serial('a byte ring between two threads loses, repeats and reorders nothing', async (t) => {
  for (const [transmitBytes, count] of [
    [64, 300_000],
    [4096, 3_000_000],
  ] as const) {
    const memory = smallMemory({ transmitBytes });
    const words = new Int32Array(memory.connections);
    const at = new Connections(memory).at(3, 1);
    words[at + CONNECTION.transmitHead] = words[at + CONNECTION.transmitTail] = -1000;
    const tasks = ['byteWriter', 'byteReader'] as const;
    const seen = await runThreads<number>({ memory, tasks, seed: newSeed(), count });
    t.deepEqual(seen, [count, count]);
  }
});

test('a connection keeps to its own words and bytes, and what it wants and has to its generation', (t) => {
  const memory = smallMemory();
  const connections = new Connections(memory);
  const at = connections.at(5, 1);
  const before = connections.words.slice();
  connections.want(at, 7, true);
  connections.setState(at, 6, 3);
  t.true(connections.wanted(at));
  t.is(connections.wantedGeneration(at), 7);
  t.is(connections.generationOf(at), 6);
  t.is(connections.stateOf(at), 3);
  t.false(connections.idle(at));
  connections.want(at, 7, false);
  t.false(connections.idle(at));
  connections.setState(at, 7, 0);
  t.true(connections.idle(at));
  const head = connections.write(5, 1, 250, new Uint8Array(20).fill(9), 5, 20);
  t.is(head, 265);
  const start = connections.transmitStart(5, 1);
  const written = [...connections.transmit.keys()].filter((i) => connections.transmit[i] === 9);
  t.deepEqual(
    written.map((i) => i - start),
    [...[0, 1, 2, 3, 4, 5, 6, 7, 8], ...[250, 251, 252, 253, 254, 255]],
  );
  connections.publishTransmit(at, head);
  connections.releaseReceived(at, 3);
  t.is(connections.receivable(at), -3);
  connections.reset(at);
  t.is(connections.transmitRoom(at), SMALL.transmitBytes);
  t.is(connections.receivable(at), 0);
  const changed = [...before.keys()].filter((i) => connections.words[i] !== before[i]);
  t.true(changed.every((i) => i >= at && i < at + CONNECTION.words));
});
