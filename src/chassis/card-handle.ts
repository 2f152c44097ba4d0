/** What the chassis holds of one line card: its worker and what it listens on. */
import { Worker } from 'node:worker_threads';
import { entry } from '../base/thread.ts';
import type { Fabric } from '../fabric/fabric.ts';
import type { CardNews, CardOrder, CardStart, Listen } from '../linecard/messages.ts';

export class CardHandle {
  readonly card: number;
  listening: readonly Listen[] = [];
  readonly #fabric: Fabric;
  readonly #worker: Worker;
  readonly #listening: Promise<void>;
  readonly #ended: Promise<void>;

  constructor(fabric: Fabric, start: CardStart, news: (news: CardNews) => void) {
    this.#fabric = fabric;
    this.card = start.card;
    this.#worker = new Worker(entry(import.meta.url, '../linecard/main'), { workerData: start });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#listening = new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.on('message', (message: CardNews) => {
        if (message.kind === 'listening') {
          this.listening = message.addresses;
          resolve();
        } else if (message.kind === 'cannot-listen') reject(new Error(message.why));
        news(message);
      });
    });
  }

  /** Resolves when the card listens; rejects with the reason when it cannot. */
  async listens(): Promise<void> {
    await this.#listening;
  }

  order(order: CardOrder): void {
    this.#worker.postMessage(order);
  }

  /** Lets what was written leave, at most so long; resolves when the thread has ended. */
  async stop(milliseconds: number): Promise<void> {
    this.order({ kind: 'stop', milliseconds });
    this.#fabric.bells.ring(this.#fabric.cardThread(this.card));
    await this.#ended;
  }
}
