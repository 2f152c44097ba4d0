/** The thread of a soak's neighbours: one announces and withdraws without end, as fast as it is read; the other one listens. */
import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import { encodeKeepalive, MAX_MESSAGE } from '../../src/bgp/message.ts';
import { as2For, BGP_VERSION, encodeOpen, noCapabilities } from '../../src/bgp/open.ts';
import { Churn } from './churn.ts';
import type { SoakNews, SoakStart } from './messages.ts';

const BOTH = 3;
const HOLD_TIME = 90;
/** Octets written at once. */
const PIECE = 1 << 17;
/** Milliseconds between two reports. */
const REPORT = 500;

const { port, churner, witness, prefixes, window } = workerData as SoakStart;
let over = false;
const tell = (news: SoakNews): void => parentPort?.postMessage(news);

async function open({ address, as }: SoakStart['churner'], name: string): Promise<net.Socket> {
  const socket = net.connect({ host: '127.0.0.1', port, localAddress: address, noDelay: true });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!over) tell({ kind: 'lost', who: name });
  });
  const capabilities = { ...noCapabilities(), multiprotocol: multiprotocolOf(BOTH), fourOctetAs: as };
  const bgpId = Buffer.from(address.split('.').map(Number)).readUInt32BE();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(
    encodeOpen({ version: BGP_VERSION, as, as2: as2For(as), holdTime: HOLD_TIME, bgpId, capabilities }),
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.write(encodeKeepalive());
  setInterval(() => socket.write(encodeKeepalive()), (HOLD_TIME * 1000) / 3).unref();
  socket.resume();
  return socket;
}

await open(witness, 'witness');
const socket = await open(churner, 'churner');
const churn = new Churn(churner.as, prefixes, window);
const report = setInterval(() => tell({ kind: 'progress', announced: churn.announced }), REPORT);
// Two pieces by turns: what is measured is not the memory of ever new ones.
const pieces = [0, 1].map(() => ({ bytes: new Uint8Array(PIECE), written: Promise.resolve() }));
for (let turn = 0; !churn.done; turn ^= 1) {
  const piece = pieces[turn] as (typeof pieces)[number];
  await piece.written;
  let length = 0;
  while (!churn.done && length + MAX_MESSAGE <= PIECE) length += churn.next(piece.bytes, length);
  const bytes = piece.bytes.subarray(0, length);
  piece.written = new Promise((resolve) => socket.write(bytes, () => resolve()));
}
await Promise.all(pieces.map(({ written }) => written));
clearInterval(report);
tell({ kind: 'done', announced: churn.announced });
// Both stay, until the program ends this thread.
parentPort?.once('message', () => {
  over = true;
  process.exit(0);
});
