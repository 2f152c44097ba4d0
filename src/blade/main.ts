/**
 * The thread of a blade: turn, and sleep on the doorbell, or on the look-out (fabric/lookout.ts), when there is nothing to do. Nothing
 * imports this file.
 *
 * Orders come by MessagePort; the doorbell's order word says when one is there, because asking the port costs a
 * hundred times more than reading a word.
 */
import { availableParallelism } from 'node:os';
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { monotonicMilliseconds } from '../base/clock.ts';
import { systemGiving } from '../base/giving.ts';
import { ownHeap } from '../base/own-heap.ts';
import { Random } from '../base/random.ts';
import { socketCalls } from '../base/socket-calls.ts';
import { goFirst } from '../base/thread-slice.ts';
import { nameThread, ownThread, processorClock } from '../base/thread-time.ts';
import { Courier } from '../fabric/courier.ts';
import { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER } from '../fabric/layout.ts';
import { Lookout } from '../fabric/lookout.ts';
import { describeFor } from '../rib/attribute-row.ts';
import { Blade } from './blade.ts';
import { LIMITS } from './limits.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { BladeNews, BladeOrder, BladeStart } from './messages.ts';
import { rehearse } from './rehearsal/rehearsal.ts';
import { step, takeOrders } from './shift.ts';

const start = workerData as BladeStart & { readonly port: MessagePort };
const { slot, port } = start;
// Before the real ones are made: what Node.js has compiled fits objects of the shape that they have then.
if (start.rehearse > 0) {
  rehearse(monotonicMilliseconds, {
    options: start.memory.options,
    session: start.sessions[0],
    policies: (start.policies ?? []).length > 0,
    patience: Math.max(1, start.rehearse / availableParallelism()),
    siblings: start.rehearse > 1,
  });
  systemGiving()?.trim();
}
const fabric = new Fabric(start.memory, slot, describeFor(start.router, start.memory));
const calls = socketCalls();
const lookout = calls === undefined ? undefined : Lookout.open(fabric, calls);
fabric.lookout = lookout;
fabric.giving = systemGiving();
if (calls !== undefined) fabric.courier = new Courier(start.memory, slot, calls);
const tell = (news: BladeNews): void => port.postMessage(news);
const seed = (Date.now() ^ (slot << 20)) >>> 0;
const random = new Random(seed);
const blade = new Blade(
  fabric,
  slot,
  start.sessions,
  monotonicMilliseconds,
  random,
  tell,
  LIMITS,
  start.orders,
  start.policies,
  start.origins,
  start.local,
);

const receive = (): BladeOrder | undefined =>
  (receiveMessageOnPort(port) as { message: BladeOrder } | undefined)?.message;
const orders = (): boolean => takeOrders(blade, receive);

nameThread(`blade ${slot}`);
goFirst();
blade.meter.processor = processorClock();
fabric.bladeNumbers[slot * BLADE_NUMBER.words + BLADE_NUMBER.thread] = ownThread();
tell({ kind: 'running', slot });
if (calls !== undefined && lookout === undefined)
  tell({
    kind: 'trouble',
    slot,
    text: `blade ${slot} cannot wait for its neighbours itself, as no descriptors are left: line cards read for it, and single changes take longer`,
  });
const memory = new MemoryWatch(start.heap * 2 ** 20, ownHeap());
const lookAtMemory = (): void => memory.look(fabric.bladeNumber(slot, BLADE_NUMBER.heartbeat));
while (!blade.stopping) step(blade, orders, lookAtMemory);
fabric.epochs.leave();
lookout?.close();
port.close();
