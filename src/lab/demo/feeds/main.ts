/** Entry of the thread that makes feeds (feeds.ts is the handle): one order, and it ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import type { FeedOrder, FromMaker } from './feeds.ts';
import { makeScripts } from './make.ts';

const port = parentPort;
assert(port !== null, 'feeds are made in a worker');

function tell(message: FromMaker): void {
  port?.postMessage(message);
}

try {
  const made = await makeScripts(workerData as FeedOrder, (text, done, of) =>
    tell({ kind: 'step', text, done, of }),
  );
  tell({ kind: 'made', made });
} catch (error) {
  tell({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
}
