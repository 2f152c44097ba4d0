/**
 * The pool of threads for work that comes and goes: MRT files, load generation. It owns nothing that lives;
 * the chassis' main thread stays free for its operator meanwhile.
 */
import { Piscina } from 'piscina';
import type { TaskName, Tasks } from './messages.ts';

export class JobPool {
  readonly #pool: Piscina;

  /** Threads are started when there is work, and end after a while without it. */
  constructor(threads = 2) {
    const entry = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';
    this.#pool = new Piscina({
      filename: new URL(entry, import.meta.url).href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: 2_000,
    });
  }

  /** Runs a task; it is rejected with the task's own error, or with an AbortError after `signal`. */
  run<Name extends TaskName>(
    name: Name,
    given: Tasks[Name]['given'],
    signal?: AbortSignal,
  ): Promise<Tasks[Name]['answer']> {
    return this.#pool.run(given, signal === undefined ? { name } : { name, signal });
  }

  /** Ends the threads, and whatever they are doing. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
