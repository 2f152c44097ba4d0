/** Producers and consumers of rings; both sides compute what must arrive from the seed. */
import { Random } from '../../../src/base/random.ts';
import { Connections } from '../../../src/fabric/connections.ts';
import { Doorbells } from '../../../src/fabric/doorbell.ts';
import { CONNECTION } from '../../../src/fabric/layout.ts';
import type { FabricMemory } from '../../../src/fabric/memory.ts';
import { RecordRing } from '../../../src/fabric/record-ring.ts';
import { takeOne } from './take.ts';
import type { ThreadStart } from './threads.ts';

/** A wake-up that was lost shows as a sleep of this length. */
const LONG_SLEEP = 20_000;

function check(sequence: number, seed: number): number {
  return Math.imul(sequence ^ seed, 0x9e3779b1) | 0;
}

/** Sleeps on the own doorbell unless `ready`, as a thread of the chassis does. */
function sleepUnless(bells: Doorbells, me: number, ready: () => boolean): void {
  const seen = bells.beforeSleep(me);
  if (ready()) bells.awake(me);
  else {
    const before = performance.now();
    bells.sleep(me, seen, LONG_SLEEP);
    if (performance.now() - before >= LONG_SLEEP) throw new Error('a wake-up was lost');
  }
}

/** A ring that knows no more than the fabric says: is there room for one more record? */
function roomIn(memory: FabricMemory): boolean {
  return new RecordRing(memory, 0, 1).claim(0, 0);
}

/** Thread 0 → thread 1. Claims in batches of any size and publishes each once. */
export function recordProducer({ memory, seed, count }: ThreadStart): number {
  const ring = new RecordRing(memory, 0, 1);
  const bells = new Doorbells(memory.bells);
  const random = new Random(seed);
  let sent = 0;
  let toPublish = 0;
  while (sent < count) {
    if (toPublish === 0) toPublish = 1 + random.below(memory.options.ringRecords);
    if (ring.claim(sent, check(sent, seed))) {
      sent++;
      toPublish--;
      if (toPublish > 0 && sent < count) continue;
    }
    if (ring.publish()) bells.ring(1);
    else sleepUnless(bells, 0, () => roomIn(memory));
    toPublish = 0;
  }
  return count;
}

export function recordConsumer({ memory, seed, count }: ThreadStart): number {
  const ring = new RecordRing(memory, 0, 1);
  const bells = new Doorbells(memory.bells);
  const random = new Random(seed + 1);
  let read = 0;
  while (read < count) {
    const waiting = ring.waiting();
    if (waiting > memory.options.ringRecords) throw new Error(`${waiting} records in a smaller ring`);
    const take = Math.min(waiting, 1 + random.below(memory.options.ringRecords));
    for (let i = 0; i < take; i++, read++) {
      const [first, second] = takeOne(ring);
      if (first !== read) throw new Error(`record ${first} came in the place of ${read}`);
      if (second !== check(read, seed)) throw new Error(`record ${read} is torn`);
    }
    ring.release();
    bells.ring(0);
    if (take === 0) sleepUnless(bells, 1, () => ring.waiting() > 0);
  }
  if (ring.waiting() !== 0) throw new Error('more records than were sent');
  return read;
}

const SESSION = 3;

/** The blade's side of a connection: writes pieces of any length up to the room there is. */
export function byteWriter({ memory, seed, count }: ThreadStart): number {
  const connections = new Connections(memory);
  const bells = new Doorbells(memory.bells);
  const random = new Random(seed);
  const bytes = new Random(seed + 7);
  const at = connections.at(SESSION, 1);
  const piece = new Uint8Array(memory.options.transmitBytes);
  for (let sent = 0; sent < count; ) {
    const room = connections.transmitRoom(at);
    if (room > memory.options.transmitBytes) throw new Error(`room for ${room} bytes in a smaller ring`);
    const length = Math.min(room, count - sent, 1 + random.below(piece.length));
    for (let i = 0; i < length; i++) piece[i] = bytes.u32();
    connections.publishTransmit(
      at,
      connections.write(SESSION, 1, connections.transmitHead(at), piece, 0, length),
    );
    sent += length;
    bells.ring(1);
    if (length === 0) sleepUnless(bells, 0, () => connections.transmitRoom(at) > 0);
  }
  return count;
}

/** The line card's side: takes contiguous stretches, and gives their room back. */
export function byteReader({ memory, seed, count }: ThreadStart): number {
  const connections = new Connections(memory);
  const bells = new Doorbells(memory.bells);
  const random = new Random(seed + 1);
  const bytes = new Random(seed + 7);
  const at = connections.at(SESSION, 1);
  const start = connections.transmitStart(SESSION, 1);
  const waiting = (): number =>
    (Atomics.load(connections.words, at + CONNECTION.transmitHead) -
      (connections.words[at + CONNECTION.transmitTail] as number)) |
    0;
  for (let read = 0; read < count; ) {
    const tail = connections.words[at + CONNECTION.transmitTail] as number;
    const offset = tail & (connections.transmitBytes - 1);
    const length = Math.min(
      waiting(),
      connections.transmitBytes - offset,
      1 + random.below(connections.transmitBytes),
    );
    for (let i = 0; i < length; i++, read++) {
      const expected = bytes.u32() & 255;
      if (connections.transmit[start + offset + i] !== expected) throw new Error(`byte ${read} is wrong`);
    }
    Atomics.store(connections.words, at + CONNECTION.transmitTail, (tail + length) | 0);
    bells.ring(0);
    if (length === 0) sleepUnless(bells, 1, () => waiting() > 0);
  }
  return count;
}
