/**
 * The handle of a thread of speakers. Several speakers share a thread; what a RemoteSpeaker is asked goes to
 * its thread as a message, with the names and meanings of Speaker's own methods.
 */
import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Feed } from './feed.ts';
import type { FromThread, RequestKind, Requests } from './messages.ts';
import type { SendOptions } from './outbox.ts';
import type { SpeakerOptions, SpeakerStats } from './speaker.ts';
import type { ToldSnapshot } from './told.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class SpeakerThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #speakers = new Map<number, RemoteSpeaker>();
  #requests = 0;
  #ended = false;

  constructor(name = 'speakers') {
    // The same code runs compiled and under type stripping.
    const entry = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';
    this.#worker = new Worker(new URL(entry, import.meta.url), { name });
    this.#worker.on('message', (message: FromThread) => this.#onMessage(message));
    this.#worker.on('error', (error) => this.#onEnd(error));
    this.#worker.on('exit', (code) => this.#onEnd(new Error(`the thread of speakers ended (${code})`)));
  }

  /** Adds a speaker and starts it. */
  async add(options: SpeakerOptions): Promise<RemoteSpeaker> {
    const speaker = this.#speakers.size;
    const remote = new RemoteSpeaker(this, speaker, options);
    this.#speakers.set(speaker, remote);
    remote.port = (await this.request('add', { speaker, options })).port;
    return remote;
  }

  request<Kind extends RequestKind>(
    kind: Kind,
    args: Requests[Kind]['args'],
  ): Promise<Requests[Kind]['answer']> {
    if (this.#ended) return Promise.reject(new Error('the thread of speakers has ended'));
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#worker.postMessage({ id, kind, args });
    });
  }

  /** Ends the thread; connections that are open then break without a Cease. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }

  #onMessage(message: FromThread): void {
    if ('event' in message) {
      const speaker = this.#speakers.get(message.speaker);
      if (message.event === 'up') speaker?.emit('up');
      else speaker?.emit('down', message.reason);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.answer);
  }

  #onEnd(why: Error): void {
    const ended = this.#ended ? new Error('the thread of speakers was closed') : why;
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) reject(ended);
    this.#waiting.clear();
  }
}

/** A speaker in another thread. */
export class RemoteSpeaker extends EventEmitter<{ up: []; down: [reason: string] }> {
  readonly options: SpeakerOptions;
  /** The port of one that listens. */
  port = 0;
  readonly #thread: SpeakerThread;
  readonly #number: number;

  constructor(thread: SpeakerThread, number: number, options: SpeakerOptions) {
    super();
    this.#thread = thread;
    this.#number = number;
    this.options = options;
  }

  async up(timeout = 30_000): Promise<void> {
    await this.#thread.request('up', { speaker: this.#number, timeout });
  }

  async send(feed: Feed, options: SendOptions = {}): Promise<void> {
    await this.#thread.request('send', { speaker: this.#number, feed, options });
  }

  async setRate(rate: number): Promise<void> {
    await this.#thread.request('setRate', { speaker: this.#number, rate });
  }

  async stopLoops(): Promise<void> {
    await this.#thread.request('stopLoops', { speaker: this.#number });
  }

  async refresh(afi: number): Promise<void> {
    await this.#thread.request('refresh', { speaker: this.#number, afi });
  }

  async quiet(milliseconds: number, timeout = 120_000): Promise<void> {
    await this.#thread.request('quiet', { speaker: this.#number, milliseconds, timeout });
  }

  stats(): Promise<SpeakerStats> {
    return this.#thread.request('stats', { speaker: this.#number });
  }

  table(): Promise<{ v4: ToldSnapshot; v6: ToldSnapshot }> {
    return this.#thread.request('table', { speaker: this.#number });
  }

  async breakConnection(): Promise<void> {
    await this.#thread.request('breakConnection', { speaker: this.#number });
  }

  async close(): Promise<void> {
    await this.#thread.request('close', { speaker: this.#number });
  }
}
