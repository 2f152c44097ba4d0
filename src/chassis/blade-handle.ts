/** What the chassis holds of one slot: its blade's worker, its port, what it was ordered, and what became of those before it. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import {
  entry,
  letThreadsCollectOnce,
  letThreadsCompile,
  letThreadsEnd,
  letThreadsGrow,
  YOUNG_MEMORY,
} from '../base/thread.ts';
import type { BladeNews, BladeOrder, BladeStart } from '../blade/messages.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_WORD } from '../fabric/layout.ts';

/** Of what a blade may use, where V8 ends it: it is to have ended itself before (blade/memory-watch.ts). */
const V8_LIMIT = 1.5;
/** The same, garbage included, for one that stays in one turn. */
const HOARDS = 1.25;

interface HeapTeller {
  getHeapStatistics(): Promise<{ readonly used_heap_size: number }>;
}

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
  /** So many see to it that its slot gets a worker: where one does not begin to run, the next try may begin before that is heard. */
  restarting = 0;
  startedAt = 0;
  /** How often a worker was started in this slot, and how often one ended unasked. */
  starts = 0;
  deaths = 0;
  /** What it said last of the aggregates. */
  aggregates: { readonly key: string; readonly states: readonly number[] } = { key: '', states: [] };
  lastDeath: { readonly time: number; readonly why: string } | undefined;
  readonly #fabric: Fabric;
  readonly #events: BladeEvents;
  /** MiB of its own heap: routes stand in the fabric, so that this is for code and for what waits. */
  readonly #memory: number;
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  #stopping = false;
  #looking = false;
  /** Why the chassis ended it, for the report of its death. */
  #killed: string | undefined;
  /** Orders by the number that the doorbell counts them by, until they are carried out. */
  #orders: { readonly number: number; readonly order: BladeOrder }[] = [];

  constructor(fabric: Fabric, slot: number, events: BladeEvents, memory: number) {
    this.#fabric = fabric;
    this.#events = events;
    this.#memory = memory;
    this.slot = slot;
  }

  /** No thread is in the slot. */
  get vacant(): boolean {
    return this.#worker === undefined;
  }

  /** Resolves when the blade runs. */
  async start(start: Omit<BladeStart, 'slot' | 'orders' | 'heap'>): Promise<void> {
    const { slot } = this;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#stopping = false;
    this.#killed = undefined;
    this.starts++;
    this.#orders = [];
    const orders = this.#fabric.bells.orders(slot);
    this.#fabric.setBladeWord(slot, BLADE_WORD.orders, orders);
    this.#fabric.setBladeWord(slot, BLADE_WORD.session, 0);
    letThreadsEnd();
    letThreadsGrow();
    letThreadsCompile();
    letThreadsCollectOnce();
    const worker = new Worker(entry(import.meta.url, '../blade/main'), {
      workerData: { ...start, slot, orders, heap: this.#memory, port: port2 } satisfies BladeStart & {
        port: MessagePort;
      },
      transferList: [port2],
      resourceLimits: {
        maxOldGenerationSizeMb: Math.ceil(this.#memory * V8_LIMIT),
        maxYoungGenerationSizeMb: YOUNG_MEMORY,
      },
    });
    this.#worker = worker;
    let why = 'the thread ended';
    worker.on('error', (error) => {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    await new Promise<void>((resolve, reject) => {
      port1.on('message', (news: BladeNews) => {
        if (news.kind === 'running') {
          this.running = true;
          this.startedAt = Date.now();
          resolve();
        }
        this.#events.news(news);
      });
      worker.on('exit', () => {
        this.#worker = undefined;
        this.running = false;
        port1.close();
        why = this.#killed ?? why;
        reject(new Error(why));
        if (this.#stopping) return;
        this.deaths++;
        this.lastDeath = { time: Date.now(), why: why.split('\n', 1)[0] as string };
        this.#events.died(slot, why);
      });
    });
  }

  order(order: BladeOrder): void {
    this.#port?.postMessage(order);
    this.#fabric.bells.ringWithOrder(this.slot);
    const done = this.#fabric.bladeWord(this.slot, BLADE_WORD.orders);
    this.#orders = this.#orders.filter(({ number }) => ((number - done) | 0) > 0);
    this.#orders.push({ number: this.#fabric.bells.orders(this.slot), order });
  }

  /** What a blade that died was ordered and has not carried out, or not to its end. */
  takeUndone(): BladeOrder[] {
    const done = this.#fabric.bladeWord(this.slot, BLADE_WORD.orders);
    const undone = this.#orders.filter(({ number }) => ((number - done) | 0) > 0);
    this.#orders = [];
    return undone.map(({ order }) => order);
  }

  /** Ends the thread wherever it stands: it is reported as dead of this. */
  kill(why: string): void {
    if (this.#killed !== undefined) return;
    this.#killed = why;
    void this.#terminate();
  }

  /**
   * It has not come to the end of a turn for a while: what V8 says of its heap, which it says in the middle of a turn too, from
   * Node.js 22.16 on. One that hoards does not live until V8 ends it, and perhaps everybody.
   */
  async lookAtHeap(): Promise<void> {
    const worker = this.#worker as (Worker & Partial<HeapTeller>) | undefined;
    if (worker?.getHeapStatistics === undefined || this.#looking) return;
    this.#looking = true;
    // One that has ended says nothing.
    const heap = await worker.getHeapStatistics().catch(() => undefined);
    this.#looking = false;
    if (heap === undefined || worker !== this.#worker) return;
    const used = heap.used_heap_size / 2 ** 20;
    if (used > this.#memory * HOARDS)
      this.kill(`out of memory: ${Math.round(used)} MiB of its heap are used, in one turn`);
  }

  /** Ends the thread for maintenance; nobody is told. */
  async end(): Promise<void> {
    this.#stopping = true;
    await this.#terminate();
  }

  /** A thread that waits in the kernel ends when it is woken. */
  async #terminate(): Promise<void> {
    const ended = this.#worker?.terminate();
    this.#fabric.bells.ring(this.slot);
    await ended;
  }

  /** Cease to all its neighbours; resolves when the thread has ended. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#stopping = true;
    if (!this.running) {
      await this.#terminate();
      return;
    }
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.order({ kind: 'stop' });
    const late = setTimeout(() => this.#terminate(), 2000);
    await ended;
    clearTimeout(late);
  }
}
