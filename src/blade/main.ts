/**
 * The thread of a blade: turn, and sleep on the doorbell, or on the look-out (fabric/lookout.ts), when there is nothing to do. Nothing imports this file.
 *
 * Orders come by MessagePort; the doorbell's order word says when one is there, because asking the port costs a
 * hundred times more than reading a word.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { monotonicMilliseconds } from '../base/clock.ts';
import { Random } from '../base/random.ts';
import { socketCalls } from '../base/socket-calls.ts';
import { nameThread, ownThread } from '../base/thread-time.ts';
import { Courier } from '../fabric/courier.ts';
import { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER } from '../fabric/layout.ts';
import { Lookout } from '../fabric/lookout.ts';
import { describeFor } from '../rib/attribute-row.ts';
import { Blade } from './blade.ts';
import { LIMITS } from './limits.ts';
import { MemoryWatch, ownHeap } from './memory-watch.ts';
import type { BladeNews, BladeOrder, BladeStart } from './messages.ts';
import { rehearse } from './rehearsal.ts';

/** Longest sleep, milliseconds. */
const LONGEST_SLEEP = 1000;

const start = workerData as BladeStart & { readonly port: MessagePort };
const { slot, port } = start;
// Before the real ones are made: what Node.js has compiled fits objects of the shape that they have then.
if (start.rehearse)
  rehearse(monotonicMilliseconds, {
    options: start.memory.options,
    session: start.sessions[0],
    policies: (start.policies ?? []).length > 0,
  });
const fabric = new Fabric(start.memory, slot, describeFor(start.router, start.memory));
const calls = socketCalls();
const lookout = calls === undefined ? undefined : new Lookout(fabric, calls);
fabric.lookout = lookout;
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

function takeOrders(): void {
  while (!blade.ordersDone) {
    const received = receiveMessageOnPort(port) as { message: BladeOrder } | undefined;
    if (received === undefined) return;
    blade.order(received.message);
  }
}

/** Some neighbour is waited for here, and not on the doorbell alone. */
function looksOut(): boolean {
  return lookout !== undefined && lookout.size > 0;
}

nameThread(`blade ${slot}`);
fabric.bladeNumbers[slot * BLADE_NUMBER.words + BLADE_NUMBER.thread] = ownThread();
tell({ kind: 'running', slot });
const memory = new MemoryWatch(start.heap * 2 ** 20, ownHeap());
for (;;) {
  memory.look(fabric.bladeNumber(slot, BLADE_NUMBER.heartbeat));
  takeOrders();
  // Everybody has been said goodbye to. The routes are not withdrawn: nobody is to hear of that on the way out.
  if (blade.stopping) break;
  if (blade.turn()) {
    if (looksOut()) lookout?.look(0);
    continue;
  }
  const looking = looksOut();
  const seen = fabric.bells.beforeSleep(slot, looking);
  // Once more, now that rings count: what came before this is seen here, what comes after rings.
  takeOrders();
  if (blade.stopping) break;
  if (blade.turn() || looksOut() !== looking) {
    fabric.bells.awake(slot);
    continue;
  }
  const left = blade.nextTimer - monotonicMilliseconds();
  fabric.epochs.leave();
  if (left > 0) {
    fabric.countBlade(slot, BLADE_NUMBER.sleeps);
    if (looking) {
      lookout?.look(Math.min(left, LONGEST_SLEEP));
      fabric.bells.awake(slot);
    } else fabric.bells.sleep(slot, seen, Math.min(left, LONGEST_SLEEP));
  } else fabric.bells.awake(slot);
}
fabric.epochs.leave();
lookout?.close();
tell({ kind: 'stopped', slot });
port.close();
