/** What the chassis holds of one line card: its worker and what it listens on; and how all of them start. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { entry, YOUNG_MEMORY } from '../base/thread.ts';
import type { Fabric } from '../fabric/fabric.ts';
import type { CardNews, CardOrder, CardStart, Listen } from '../linecard/messages.ts';

export class CardHandle {
  readonly card: number;
  listening: readonly Listen[] = [];
  readonly #fabric: Fabric;
  readonly #worker: Worker;
  readonly #listening: Promise<void>;
  readonly #ended: Promise<void>;

  /** `died`: of an error of ours, though it listened. */
  constructor(fabric: Fabric, start: CardStart, news: (news: CardNews) => void, died: (why: string) => void) {
    this.#fabric = fabric;
    this.card = start.card;
    this.#worker = new Worker(entry(import.meta.url, '../linecard/main'), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEMORY },
    });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    let listens = false;
    this.#listening = new Promise((resolve, reject) => {
      this.#worker.once('error', (error) => {
        reject(error);
        if (listens) died(error instanceof Error ? (error.stack ?? error.message) : String(error));
      });
      this.#worker.on('message', (message: CardNews) => {
        if (message.kind === 'listening') {
          this.listening = message.addresses;
          listens = true;
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

/**
 * Starts the line cards; rejects when one cannot listen, with those that were started ended. The first card comes last: it
 * listens, and connects to the others, through sockets in a folder that nobody else may enter and that is gone then.
 */
export async function startCards(
  fabric: Fabric,
  common: Omit<CardStart, 'card' | 'listen' | 'handOver'>,
  listen: readonly Listen[],
  news: (news: CardNews) => void,
  died: (card: number, why: string) => void,
): Promise<CardHandle[]> {
  const { lineCards } = fabric.options;
  const folder = lineCards > 1 ? mkdtempSync(path.join(tmpdir(), 'graftd-')) : undefined;
  const handOver = folder === undefined ? {} : { handOver: folder };
  const start = (card: number): CardHandle =>
    new CardHandle(fabric, { ...common, ...handOver, card, listen: card === 0 ? listen : [] }, news, (why) =>
      died(card, why),
    );
  const others = Array.from({ length: lineCards - 1 }, (_, i) => start(i + 1));
  const started = [...others];
  try {
    for (const card of others) await card.listens();
    const first = start(0);
    started.push(first);
    await first.listens();
    return [first, ...others];
  } catch (error) {
    await Promise.all(started.map((card) => card.stop(0)));
    throw error;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
