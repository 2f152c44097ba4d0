/**
 * One step of a blade's thread: a turn, and where that leaves nothing to do, sleep, on the doorbell or where the look-out
 * (fabric/lookout.ts) is, until somebody has news or the next timer is due.
 */

import type { Lookout } from '../fabric/lookout.ts';
import type { Blade } from './blade.ts';
import type { BladeOrder } from './messages.ts';

/** Longest sleep, milliseconds. */
const LONGEST_SLEEP = 1000;

/**
 * Has the blade carry out what was posted to it, in order: as much as there is time for, as a thousand neighbours that are configured are as
 * many orders; true: more is there. `receive` takes the next one; what was announced by the doorbell and is not there is not waited for.
 */
export function takeOrders(blade: Blade, receive: () => BladeOrder | undefined): boolean {
  if (blade.ordersDone) return false;
  const start = blade.clock();
  blade.meter.begin(start);
  while (!blade.ordersDone) {
    const order = receive();
    if (order === undefined) return false;
    blade.order(order);
    if (blade.clock() - start >= blade.limits.stageTime) return !blade.ordersDone;
  }
  return false;
}

/** `orders` has the blade carry out what was posted to it, and says whether there is more; `lookAround` is for what need not come before news. */
export function step(blade: Blade, orders: () => boolean, lookAround: () => void): void {
  const { fabric, slot } = blade;
  const { bells } = fabric;
  const moreOrders = orders();
  // Everybody has been said goodbye to. The routes are not withdrawn: nobody is to hear of that on the way out.
  if (blade.stopping) return;
  const more = blade.turn() || moreOrders;
  lookAround();
  if (more) {
    outlook(blade)?.look(0);
    return;
  }
  const lookout = outlook(blade);
  const seen = bells.beforeSleep(slot, lookout !== undefined);
  // Once more, now that rings count: what came before this is seen here, what comes after rings.
  const ordersLeft = orders();
  const left = blade.stopping || blade.turn() || ordersLeft ? 0 : blade.nextTimer - blade.clock();
  // A ring is heard once, also by a look at the sockets between two slices of a flood: the turn may have passed by then what it was for.
  if (left <= 0 || outlook(blade) !== lookout || !bells.sleeps(slot)) {
    bells.awake(slot);
    return;
  }
  fabric.epochs.leave();
  if (lookout === undefined) bells.sleep(slot, seen, Math.min(left, LONGEST_SLEEP));
  else {
    lookout.look(Math.min(left, LONGEST_SLEEP));
    bells.awake(slot);
  }
}

/** Some neighbour is waited for there, and not on the doorbell alone. */
function outlook({ fabric: { lookout } }: Blade): Lookout | undefined {
  return lookout !== undefined && lookout.size > 0 ? lookout : undefined;
}
