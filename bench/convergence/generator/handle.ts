/** The benchmark's end of the load generator. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { entry } from '../../../src/base/thread.ts';
import type { Reply, Request, Requests } from './messages.ts';

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class GeneratorProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;

  constructor() {
    const file = fileURLToPath(entry(import.meta.url, './main'));
    this.#child = fork(file, { serialization: 'advanced', execArgv: ['--max-semi-space-size=32'] });
    this.#child.on('message', (reply: Reply) => this.#onReply(reply));
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the generator ended: ${code ?? signal}`));
    });
  }

  ask<Kind extends keyof Requests>(
    kind: Kind,
    ...[args]: Requests[Kind]['args'] extends undefined ? [] : [Requests[Kind]['args']]
  ): Promise<Requests[Kind]['answer']> {
    const id = this.#requests++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: never) => void, reject });
      this.#child.send({ id, kind, args } as Request);
    });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }

  #onReply(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.answer as never);
  }
}
