/** A line card has the sockets: where its thread dies of an error of ours, nothing could be heard or said any more. */
import test from 'ava';
import type { CardOrder } from '../../src/linecard/messages.ts';
import { startBox } from './support/box.ts';

const ADDRESS = '127.83.0.1';

test('a line card that dies is no secret: the chassis says so, and what it says ends the program', async (t) => {
  const box = await startBox(t, { lineCards: 2, neighbors: [{ address: ADDRESS, as: 64501 }] });
  const speaker = await box.speaker(ADDRESS, 64501);
  await speaker.up();
  const [, second] = box.chassis.cards;
  second?.order(undefined as unknown as CardOrder);
  await box.chassis.broken;
  const [trouble] = box.chassis.troubles;
  t.regex(trouble ?? '', /^line card 1 died: TypeError: /);
  await box.stop();
});
