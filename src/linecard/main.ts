/** The thread of a line card: an event loop, a doorbell, and the chassis' orders. Nothing imports this file. */
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMilliseconds } from '../base/clock.ts';
import { nameThread, ownThread } from '../base/thread-time.ts';
import { Fabric } from '../fabric/fabric.ts';
import { CARD_NUMBER } from '../fabric/layout.ts';
import { LineCard } from './line-card.ts';
import type { CardNews, CardOrder, CardStart } from './messages.ts';
import { Looks, VigilKeeper } from './vigil.ts';

const start = workerData as CardStart;
const port = parentPort as NonNullable<typeof parentPort>;
const fabric = new Fabric(start.memory, start.memory.options.blades, () => {});
const thread = fabric.cardThread(start.card);
const tell = (news: CardNews): void => port.postMessage(news);
const card = new LineCard(fabric, start.card, start.neighbors, tell, start.lastWords);
card.setRanges(start.ranges);
nameThread(`line card ${start.card}`);
fabric.cardNumbers[start.card * CARD_NUMBER.words + CARD_NUMBER.thread] = ownThread();
const vigil = new VigilKeeper(fabric, start.card, start.vigil);
const looks = new Looks((now) => card.watch(vigil, now), monotonicMilliseconds);
card.onUnlent = looks.soon;
let stopAt = Number.POSITIVE_INFINITY;

port.on('message', (order: CardOrder) => {
  if (order.kind === 'neighbor') card.addNeighbor(order.neighbor);
  else if (order.kind === 'forget') card.removeNeighbor(order.session);
  else if (order.kind === 'ranges') card.setRanges(order.ranges);
  else if (order.kind === 'turn-down') card.turnDown(order.address, order.why);
  else {
    card.stopListening();
    stopAt = performance.now() + order.milliseconds;
    fabric.bells.ring(thread);
  }
});

try {
  if (start.handOver !== undefined) await card.shareCalls(start.handOver);
  tell({ kind: 'listening', card: start.card, addresses: await card.listen(start.listen) });
} catch (error) {
  tell({ kind: 'cannot-listen', card: start.card, why: (error as Error).message });
}

for (;;) {
  const seen = fabric.bells.beforeSleep(thread);
  if (card.poll()) {
    fabric.bells.awake(thread);
    await new Promise(setImmediate);
    continue;
  }
  if (stopAt < Number.POSITIVE_INFINITY) {
    if (card.quiet) break;
    if (performance.now() > stopAt) {
      card.destroyAll();
      break;
    }
  }
  await fabric.bells.sleepAsync(thread, seen, stopAt < Number.POSITIVE_INFINITY ? 20 : undefined);
}
looks.stop();
port.close();
