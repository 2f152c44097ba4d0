/** What the chassis holds of one blade: its worker, its port, and what it knows of its state. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { entry } from '../base/thread.ts';
import type { BladeNews, BladeOrder, BladeStart } from '../blade/messages.ts';
import type { Fabric } from '../fabric/fabric.ts';

export interface BladeEvents {
  news(news: BladeNews): void;
  /** The thread ended, and was not asked to. */
  died(slot: number, why: string): void;
}

export class BladeHandle {
  readonly slot: number;
  /** Being emptied, or empty, for maintenance: gets no sessions. */
  drained = false;
  running = false;
  startedAt = 0;
  readonly #fabric: Fabric;
  readonly #events: BladeEvents;
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  #stopping = false;

  constructor(fabric: Fabric, slot: number, events: BladeEvents) {
    this.#fabric = fabric;
    this.slot = slot;
    this.#events = events;
  }

  /** Resolves when the blade runs. */
  async start(start: BladeStart): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const worker = new Worker(entry(import.meta.url, '../blade/main'), {
      workerData: { ...start, port: port2 },
      transferList: [port2],
    });
    this.#worker = worker;
    let why = 'the thread ended';
    worker.on('error', (error) => {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    const running = new Promise<void>((resolve, reject) => {
      port1.on('message', (news: BladeNews) => {
        if (news.kind === 'running') {
          this.running = true;
          this.startedAt = Date.now();
          resolve();
        }
        this.#events.news(news);
      });
      worker.on('exit', () => {
        this.running = false;
        port1.close();
        reject(new Error(why));
        if (!this.#stopping) this.#events.died(this.slot, why);
      });
    });
    await running;
  }

  order(order: BladeOrder): void {
    this.#port?.postMessage(order);
    this.#fabric.bells.ringWithOrder(this.slot);
  }

  /** Cease to all its neighbours; resolves when the thread has ended. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || !this.running) return;
    this.#stopping = true;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.order({ kind: 'stop' });
    const late = setTimeout(() => worker.terminate(), 2000);
    await ended;
    clearTimeout(late);
  }
}
