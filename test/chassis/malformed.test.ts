/** What the operator sees of malformed UPDATE messages (RFC 7606 6): which, how many, what they were about, all octets. */
import test from 'ava';
import { HEADER_LENGTH, MessageType, writeHeader } from '../../src/bgp/message.ts';
import { startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const AS = 64501;

function update(attributes: readonly number[], nlri: readonly number[] = []): Uint8Array {
  const body = [0, 0, attributes.length >>> 8, attributes.length & 255, ...attributes, ...nlri];
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(bytes, 0, MessageType.Update, bytes.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const PATH = [0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf5];
const GOOD = [0x40, 1, 1, 0, ...PATH, 0x40, 3, 4, 127, 1, 9, 1];
const BAD_ORIGIN = [0x40, 1, 1, 9, ...PATH, 0x40, 3, 4, 127, 1, 9, 1];
const LOCAL_PREF = [0x40, 5, 4, 0, 0, 0, 100];

test('the first malformed UPDATE is told, and each time that they are twice as many; one that resets always', async (t) => {
  const address = '127.1.9.1';
  const box = await startBox(t, { neighbors: [{ address, as: AS }] });
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS });
  const told = async (): Promise<string | undefined> => (await box.operator.showSession(address)).lastError;
  const says = async (text: string): Promise<void> => {
    await until(text, async () => (await told()) === `a malformed UPDATE: ${text}`);
  };
  t.is(await told(), undefined);

  const first = update(BAD_ORIGIN, [24, 198, 51, 100, 16, 203, 0]);
  neighbour.send(first);
  const withdrawal = 'ORIGIN: unknown value; treated as a withdrawal';
  await says(`${withdrawal}; announced: 198.51.100.0/24, 203.0.0.0/16; the message: ${hexOf(first)}`);

  const discarded = update([...GOOD, ...LOCAL_PREF], [8, 10]);
  neighbour.send(discarded);
  const discard = 'LOCAL_PREF: from an external neighbour; an attribute is discarded';
  await says(`${discard}; announced: 10.0.0.0/8; the message: ${hexOf(discarded)}`);

  const nth = (n: number): Uint8Array => update(BAD_ORIGIN, [16, 10, n]);
  for (let n = 2; n <= 7; n++) neighbour.send(nth(n));
  await says(`${withdrawal}; announced: 10.4.0.0/16; the message: ${hexOf(nth(4))}`);
  await until(
    'all are counted',
    async () => (await box.operator.showSession(address)).messagesReceived?.treatedAsWithdraw === 7,
  );

  const many = update(BAD_ORIGIN, Array.from({ length: 11 }, (_, n) => [16, 10, n]).flat());
  neighbour.send(many);
  const eight = Array.from({ length: 8 }, (_, n) => `10.${n}.0.0/16`).join(', ');
  await says(`${withdrawal}; announced: ${eight} and 3 more; the message: ${hexOf(many)}`);

  const last = update(GOOD, [33, 1, 2, 3, 4, 5]);
  neighbour.send(last);
  await says(`NLRI does not parse; the session is reset; announced: no routes; the message: ${hexOf(last)}`);
  t.deepEqual(await neighbour.notification(), [3, 10]);
  const { announcementsReceived, withdrawalsReceived } = await box.operator.showSession(address);
  t.deepEqual([announcementsReceived, withdrawalsReceived], [1, 2 + 6 + 11]);
  neighbour.close();
});
