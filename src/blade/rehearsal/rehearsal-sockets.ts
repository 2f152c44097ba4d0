/**
 * The part of the rehearsal in which a blade reads and sends by itself (fabric/lookout.ts, fabric/courier.ts): single changes, one after
 * the other, over sockets that end in this thread. What Node.js has not compiled before the first real one it compiles in
 * the middle of the first few hundred, and each time somebody waits for milliseconds.
 */
import { systemGiving } from '../../base/giving.ts';
import { ownHeap } from '../../base/own-heap.ts';
import type { Random } from '../../base/random.ts';
import { type SocketCalls, socketCalls } from '../../base/socket-calls.ts';
import { processorClock } from '../../base/thread-time.ts';
import { Courier } from '../../fabric/courier.ts';
import { Fabric } from '../../fabric/fabric.ts';
import { KernelMessage } from '../../fabric/kernel-message.ts';
import { CONNECTION, MESSAGE, READER, SENDER } from '../../fabric/layout.ts';
import { Lookout } from '../../fabric/lookout.ts';
import { type FabricMemory, renewFabricMemory } from '../../fabric/memory.ts';
import type { PolicyDefinition } from '../../policy/language.ts';
import { describeFor } from '../../rib/attribute-row.ts';
import { Blade } from '../blade.ts';
import { LIMITS } from '../limits.ts';
import type { SessionConfiguration } from '../messages.ts';
import { step } from '../shift.ts';
import { Neighbor } from './rehearsal-neighbor.ts';

/** Single changes, and the sets that they are of. */
const CHANGES = 1500;
const SETS = 500;
/** Now and then a neighbour says so much more at once, so many sets, that its ring has no room for all of it. */
const FLOOD_EVERY = 50;
const FLOOD = 750;
/** Times that it takes until what came of it is told. */
const FLOOD_TURNS = 8;
/** And until all is told that was left. */
const DRAIN_TURNS = 40;
/** One neighbour does not listen for so many changes: what it is told is to be sent by the line card. */
const DEAF = 400;
/**
 * Then what the acts before have left is collected. What was compiled lives as long as objects of the same shapes do, and here there is one of
 * nearly all that a blade is made of; after the rehearsal there would be none.
 */
const COLLECT = 750;
/**
 * At last so many single changes and nothing else, which is most of what a router lives on: what each of them calls a few times, Node.js
 * compiles after some thousand, and what was compiled it throws away at the first thing that is new. So all that a blade does beside them
 * is done, too: its timers come each so many changes, nobody is waited for by itself and then all are again, one's connection ends, and who
 * calls is not always the same. Between two times that the others listen the kernel keeps what they are told.
 */
const CALM = 5000;
const APART_EVERY = 256;
const LISTEN_EVERY = 16;
/** What a neighbour may say, or have been told, at once. */
const ROOM = 1 << 18;

/** The other end of a connection: the neighbour's own socket. */
class FarEnd {
  readonly near: number;
  readonly #far: number;
  readonly #calls: SocketCalls;
  readonly #bytes = new Uint8Array(new SharedArrayBuffer(ROOM));
  readonly #message: KernelMessage;
  #said = 0;
  #hungUp = false;

  constructor(calls: SocketCalls, numbers: Int32Array) {
    this.#calls = calls;
    [this.near, this.#far] = numbers as unknown as [number, number];
    const memory = new SharedArrayBuffer(MESSAGE.words * 4);
    this.#message = new KernelMessage(calls, memory, 0, this.#bytes.buffer as SharedArrayBuffer, ROOM);
  }

  readonly say = (message: Uint8Array, length: number): void => {
    this.#bytes.set(message.subarray(0, length), this.#said);
    this.#said += length;
  };

  /** What was said is on its way. */
  flush(): void {
    this.#message.aim(0, 0, this.#said);
    this.#calls.send(this.#far, this.#message.address);
    this.#said = 0;
  }

  /** Takes what was sent. */
  listen(): void {
    this.#message.aim(0, 0, ROOM);
    this.#calls.receive(this.#far, this.#message.address);
  }

  /** The neighbour's program is gone. */
  hangUp(): void {
    this.#calls.close(this.#far);
    this.#hungUp = true;
  }

  close(): void {
    this.#calls.close(this.near);
    if (!this.#hungUp) this.#calls.close(this.#far);
  }
}

function openEnds(calls: SocketCalls, count: number): FarEnd[] {
  const numbers = new Int32Array(new SharedArrayBuffer(8));
  const at = calls.addressOf(numbers.buffer as SharedArrayBuffer);
  const ends: FarEnd[] = [];
  while (ends.length < count && calls.openPair(at)) ends.push(new FarEnd(calls, numbers));
  return ends;
}

export interface Stage {
  readonly memory: FabricMemory;
  readonly sessions: readonly SessionConfiguration[];
  readonly policies: readonly PolicyDefinition[];
  readonly localAs: number;
  readonly clock: () => number;
  readonly random: Random;
  /** Makes a session Established. */
  readonly open: (fabric: Fabric, session: number) => void;
}

/** Nothing happens where no thread but the line card's can read and send. Each of two acts takes so many milliseconds at most. */
export function rehearseSockets(stage: Stage, most: number): void {
  const calls = socketCalls();
  if (calls === undefined) return;
  const { memory, sessions, clock } = stage;
  renewFabricMemory(memory, 1);
  const fabric = new Fabric(memory, 0, describeFor(stage.localAs));
  const lookout = Lookout.open(fabric, calls);
  if (lookout === undefined) return;
  fabric.lookout = lookout;
  fabric.giving = systemGiving();
  fabric.courier = new Courier(memory, 0, calls);
  const blade = new Blade(fabric, 0, sessions, clock, stage.random, () => {}, LIMITS, 0, stage.policies);
  const ends = openEnds(calls, sessions.length);
  const neighbors = ends.map((far, index) => {
    stage.open(fabric, index);
    lend(fabric, index, far.near);
    blade.order({ kind: 'attach', session: index });
    return new Neighbor(fabric, index, stage.localAs + 1 + index, 0, far.say);
  });
  // A sleep is short when somebody rings just before.
  const wake = (): boolean => {
    fabric.bells.ring(0);
    return false;
  };
  const end = clock() + most;
  for (let change = 0; change < CHANGES && clock() < end; change++) {
    if (change === COLLECT) ownHeap().compact();
    const who = change % neighbors.length;
    const flood = change % FLOOD_EVERY === 0;
    for (let i = 0; i < (flood ? FLOOD : 1); i++)
      neighbors[who]?.tell(Math.floor(change / SETS), (change + i) % SETS);
    ends[who]?.flush();
    for (let turns = flood ? FLOOD_TURNS : 1; turns > 0; turns--) {
      step(blade, wake, () => {});
      ends.forEach((far, session) => {
        if (flood || change % DEAF === 0) lend(fabric, session, far.near);
        if (session > 0 || change % DEAF === 0) far.listen();
      });
    }
  }
  rehearseCalm({ calls, fabric, blade, lookout, neighbors, ends, clock, wake }, clock() + most);
  for (const { index } of neighbors) lookout.leave(index);
  lookout.close();
  fabric.bells.close();
  for (const far of ends) far.close();
}

interface Scene extends Pick<Stage, 'clock'> {
  readonly calls: SocketCalls;
  readonly fabric: Fabric;
  readonly blade: Blade;
  readonly lookout: Lookout;
  readonly neighbors: readonly Neighbor[];
  readonly ends: FarEnd[];
  readonly wake: () => boolean;
}

/** Single changes of one neighbour, each of which the blade sleeps for. */
function rehearseCalm(scene: Scene, end: number): void {
  const { fabric, blade, lookout, neighbors, ends, clock, wake } = scene;
  // What has been said wakes it up; where it is not read here, somebody has to ring.
  const orders = (): boolean => {
    blade.meter.begin(clock());
    return lookout.size < ends.length && wake();
  };
  const serve = (turns: number): void => {
    for (; turns > 0; turns--) {
      ends.forEach((far, session) => {
        lend(fabric, session, far.near);
        far.listen();
      });
      lookout.look(0);
      step(blade, wake, () => {});
    }
  };
  // Everybody listens now, and is told all that is left.
  serve(DRAIN_TURNS);
  let change = 0;
  for (; change < CALM && clock() < end; change++) {
    if (change % APART_EVERY === 0) {
      blade.schedule(0);
      blade.meter.processor = processorClock();
      for (const { index } of neighbors) lookout.leave(index);
      step(blade, wake, () => {});
      for (const { index } of neighbors) fabric.ready.setForBlade(index);
      // They are waited for again; then one says more while what it said before is not heard yet.
      step(blade, wake, () => {});
      for (let i = 1; i <= FLOOD; i++) {
        neighbors[0]?.tell(change, i % SETS);
        if (i % (FLOOD / 3) !== 0) continue;
        ends[0]?.flush();
        lookout.look(0);
      }
      loseLast(scene);
      serve(FLOOD_TURNS);
    }
    neighbors[0]?.tell(Math.floor(change / SETS), change % SETS);
    ends[0]?.flush();
    // It sleeps until it hears that, and tells.
    step(blade, orders, () => {});
    step(blade, wake, () => change);
    if (change % LISTEN_EVERY === 0) for (const far of ends) far.listen();
  }
}

/** The last neighbour's connection ends, which the look-out hears first; it has another one then. */
function loseLast({ calls, fabric, lookout, ends }: Scene): void {
  const session = ends.length - 1;
  const lost = ends[session];
  const [next] = openEnds(calls, 1);
  if (lost === undefined || next === undefined) return;
  lost.hangUp();
  lookout.look(0);
  lost.close();
  ends[session] = next;
  lend(fabric, session, next.near);
}

/** As the line card does with an Established session, when it has sent what there was. */
function lend(fabric: Fabric, session: number, descriptor: number): void {
  const { words } = fabric.connections;
  const at = fabric.connections.at(session, 0);
  words[at + CONNECTION.transmitTail] = words[at + CONNECTION.transmitHead] as number;
  words[at + CONNECTION.sender] = SENDER.none;
  words[at + CONNECTION.descriptor] = descriptor + 1;
  if (words[at + CONNECTION.reader] === READER.blade) return;
  words[at + CONNECTION.reader] = READER.blade;
  fabric.ready.setForBlade(session);
}
