import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Courier, freeClaim } from '../../src/fabric/courier.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { CONNECTION, COURIER, READER, SENDER } from '../../src/fabric/layout.ts';
import { closeLookout, declineReading, giveReadingBack, Lookout } from '../../src/fabric/lookout.ts';
import { FakeKernel, FakeSocket } from './support/kernel.ts';
import { newSeed, smallFabric } from './support/small.ts';

const HISTORIES = 1500;
const SESSION = 3;
const WHICH = 1;
const DESCRIPTOR = 7;
const BLADE = 2;

/** A thread dies here. */
class Death extends Error {}

/** Counts down operations on shared memory and calls of the kernel; the thread dies at the last one. */
class Fate {
  left = Number.POSITIVE_INFINITY;

  readonly step = (): void => {
    if (this.left-- <= 0) throw new Death();
  };

  /** True: it lived. Before or after the operation at which it dies, by chance. */
  survives(random: Random, life: () => void): boolean {
    this.left = random.chance(0.3) ? random.below(12) : Number.POSITIVE_INFINITY;
    const { load, store, compareExchange } = Atomics;
    const after = random.chance(0.5);
    const doomed =
      <Parts extends unknown[], Result>(operation: (...parts: Parts) => Result) =>
      (...parts: Parts): Result => {
        if (!after) this.step();
        const result = operation(...parts);
        if (after) this.step();
        return result;
      };
    const doomedAtomics = {
      load: doomed(load as never),
      store: doomed(store as never),
      compareExchange: doomed(compareExchange as never),
    };
    Object.assign(Atomics, doomedAtomics);
    try {
      life();
      return true;
    } catch (error) {
      if (error instanceof Death) return false;
      throw error;
    } finally {
      Object.assign(Atomics, { load, store, compareExchange });
      this.left = Number.POSITIVE_INFINITY;
    }
  }
}

function connectionOf(fabric: Fabric): number {
  const at = fabric.connections.at(SESSION, WHICH);
  fabric.connections.words[at + CONNECTION.descriptor] = DESCRIPTOR + 1;
  fabric.connections.want(at, 1, true);
  // Where positions wrap.
  for (const word of [CONNECTION.transmitHead, CONNECTION.transmitTail])
    fabric.connections.words[at + word] = -300;
  for (const word of [CONNECTION.receiveHead, CONNECTION.receiveTail])
    fabric.connections.words[at + word] = -300;
  return at;
}

/** A connection of a blade that may die at any step of its kernel. */
function scene() {
  const fabric = smallFabric({}, BLADE);
  const { connections } = fabric;
  const at = connectionOf(fabric);
  const fate = new Fate();
  const kernel = new FakeKernel(fate.step);
  const socket = new FakeSocket();
  kernel.sockets.set(DESCRIPTOR, socket);
  return { fabric, connections, words: connections.words, at, fate, kernel, socket };
}

test.serial(
  'wherever a blade dies while it sends, the neighbour hears every octet once, and in order',
  (t) => {
    const random = new Random(newSeed());
    const seen = { deaths: 0, byCard: 0, held: 0 };
    for (let history = 0; history < HISTORIES; history++) {
      const { fabric, connections, words, at, fate, kernel, socket } = scene();
      let courier = new Courier(fabric.memory, BLADE, kernel);
      const published: number[] = [];
      // The line card: sends all that there is whenever it can claim the sending side.
      const serve = (): void => {
        const holder = words[at + CONNECTION.sender];
        if (holder !== SENDER.none && holder !== SENDER.card) return;
        const tail = words[at + CONNECTION.transmitTail] as number;
        const head = words[at + CONNECTION.transmitHead] as number;
        if (head !== tail) seen.byCard++;
        for (let i = tail; i !== head; i = (i + 1) | 0)
          socket.sent.push(
            connections.transmit[connections.transmitStart(SESSION, WHICH) + (i & 255)] as number,
          );
        words[at + CONNECTION.transmitTail] = head;
        words[at + CONNECTION.sender] = SENDER.none;
      };
      for (let message = 0; message < 12; message++) {
        socket.room = random.chance(0.6) ? 1000 : random.below(60);
        const bytes = Uint8Array.from({ length: 1 + random.below(90) }, () => random.below(256));
        if (connections.transmitRoom(at) < bytes.length) serve();
        const head = connections.write(SESSION, WHICH, connections.transmitHead(at), bytes, 0, bytes.length);
        connections.publishTransmit(at, head);
        published.push(...bytes);
        const cardHolds = random.chance(0.2) && words[at + CONNECTION.sender] === SENDER.none;
        if (cardHolds) words[at + CONNECTION.sender] = SENDER.card;
        let told = false;
        const lived = fate.survives(random, () => {
          told = !courier.send(SESSION, WHICH, at, head);
        });
        if (!lived) {
          seen.deaths++;
          if (words[at + CONNECTION.sender] === SENDER.blade + BLADE) seen.held++;
          freeClaim(fabric.memory, BLADE);
          t.not(words[at + CONNECTION.sender], SENDER.blade + BLADE);
          // Its next home has the card look at it (blade/moving/orphans.ts).
          serve();
          courier = new Courier(fabric.memory, BLADE, kernel);
        }
        if (told || cardHolds) serve();
        t.is(
          words[at + CONNECTION.transmitTail],
          words[at + CONNECTION.transmitHead],
          'nothing is left waiting',
        );
      }
      if (!t.deepEqual(socket.sent, published, `GRAFTD_SEED=${random.seed} history ${history}`)) return;
    }
    t.true(
      seen.deaths > HISTORIES && seen.held > HISTORIES / 4 && seen.byCard > HISTORIES,
      JSON.stringify(seen),
    );
  },
);

test.serial('wherever a blade dies while it reads, its next home has every octet once, and in order', (t) => {
  const random = new Random(newSeed());
  const seen = { deaths: 0, lent: 0, back: 0 };
  for (let history = 0; history < HISTORIES; history++) {
    const { fabric, connections, words, at, fate, kernel, socket } = scene();
    let lookout = Lookout.open(fabric, kernel) as Lookout;
    const said: number[] = [];
    const heard: number[] = [];
    const ring = connections.receiveStart(SESSION, WHICH);
    const take = (): void => {
      const head = words[at + CONNECTION.receiveHead] as number;
      let tail = words[at + CONNECTION.receiveTail] as number;
      for (; tail !== head; tail = (tail + 1) | 0)
        heard.push(connections.receive[ring + (tail & 255)] as number);
      words[at + CONNECTION.receiveTail] = tail;
    };
    // The line card: reads what is there, if the reading is its own, and lends it at times.
    const serve = (): void => {
      if (words[at + CONNECTION.reader] === READER.blade) return;
      let head = words[at + CONNECTION.receiveHead] as number;
      while (
        socket.arrived.length > 0 &&
        ((head - (words[at + CONNECTION.receiveTail] as number)) | 0) < 256
      ) {
        connections.receive[ring + (head & 255)] = socket.arrived.shift() as number;
        head = (head + 1) | 0;
      }
      words[at + CONNECTION.receiveHead] = head;
      if (!random.chance(0.5)) return;
      seen.lent++;
      words[at + CONNECTION.reader] = READER.blade;
    };
    for (let step = 0; step < 30 || heard.length < said.length; step++) {
      if (step < 30 && random.chance(0.7)) {
        const bytes = Array.from({ length: 1 + random.below(80) }, () => random.below(256));
        socket.arrived.push(...bytes);
        said.push(...bytes);
        socket.news = true;
      }
      serve();
      const before = words[at + CONNECTION.reader];
      const lived = fate.survives(random, () => {
        lookout.notice(SESSION);
        lookout.look(0);
        if (random.chance(0.7)) lookout.refill(SESSION);
        if (random.chance(0.1)) lookout.giveBack(SESSION, WHICH);
      });
      if (before === READER.blade && words[at + CONNECTION.reader] === READER.card) seen.back++;
      if (!lived) {
        seen.deaths++;
        kernel.forget();
        closeLookout(fabric.memory, BLADE, kernel);
        if (random.chance(0.2)) giveReadingBack(fabric, SESSION, WHICH);
        lookout = Lookout.open(fabric, kernel) as Lookout;
      }
      if (random.chance(0.6) || step > 30) take();
      t.true(step < 1000);
    }
    if (!t.deepEqual(heard, said, `GRAFTD_SEED=${random.seed} history ${history}`)) return;
  }
  t.true(seen.deaths > HISTORIES && seen.lent > HISTORIES && seen.back > HISTORIES, JSON.stringify(seen));
});

test('where the kernel has no descriptors left there is no look-out, and what the card lends it gets back', (t) => {
  for (const lacking of ['openWaiter', 'openSignal', 'watch'] as const) {
    const fabric = smallFabric({}, BLADE);
    const kernel = new FakeKernel(() => {});
    const closed: number[] = [];
    kernel.close = (descriptor) => {
      closed.push(descriptor);
    };
    if (lacking === 'watch') kernel.watch = () => false;
    else kernel[lacking] = () => -1;
    t.is(Lookout.open(fabric, kernel), undefined, lacking);
    t.is(closed.length, lacking === 'openWaiter' ? 0 : 1, lacking);
    const words = new Int32Array(fabric.memory.couriers);
    t.is(words[BLADE * COURIER.words + COURIER.waiter], 0, lacking);
    const at = connectionOf(fabric);
    fabric.connections.words[at + CONNECTION.reader] = READER.blade;
    declineReading(fabric, SESSION);
    t.is(fabric.connections.words[at + CONNECTION.reader], READER.card);
    t.is(fabric.ready.takeForCard(0, 0), 1 << SESSION);
  }
});
