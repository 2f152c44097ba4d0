/**
 * The handle of the thread that makes feeds: it generates the table, or reads an MRT file, and encodes what
 * each neighbour says, while the main thread shows how far it is and can be interrupted.
 */
import { Worker } from 'node:worker_threads';
import { OperationError } from '../../../chassis/operations.ts';
import type { Feed } from '../../feed.ts';
import { Interrupted } from '../interrupt.ts';

/** What to make; all of it follows from this alone. */
export interface FeedOrder {
  readonly seed: number;
  readonly mrt: string | undefined;
  readonly prefixes: number;
  readonly rate: number;
}

/** What one neighbour says: its table, and changes that leave the table as it was, to be told in a loop. */
export interface Script {
  readonly table: Feed | undefined;
  readonly changes: Feed | undefined;
}

export interface Scripts {
  /** One for each of the cast. */
  readonly scripts: readonly Script[];
  /** What it is, for people. */
  readonly notes: readonly string[];
}

/** What the thread says. */
export type FromMaker =
  | { readonly kind: 'step'; readonly text: string; readonly done: number; readonly of: number }
  | { readonly kind: 'made'; readonly made: Scripts }
  | { readonly kind: 'failed'; readonly why: string };

export class FeedMaker {
  readonly made: Promise<Scripts>;
  readonly #worker: Worker;

  constructor(order: FeedOrder, onStep: (text: string, done: number, of: number) => void) {
    const entry = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';
    this.#worker = new Worker(new URL(entry, import.meta.url), { name: 'feeds', workerData: order });
    this.made = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromMaker) => {
        if (message.kind === 'step') onStep(message.text, message.done, message.of);
        else if (message.kind === 'made') resolve(message.made);
        else reject(new OperationError(message.why));
      });
      this.#worker.on('error', reject);
      this.#worker.on('exit', () => reject(new Interrupted()));
    });
    this.made.catch(() => {});
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
