/**
 * The router of the demonstration, in a process of its own, and what can be asked of it. It is asked as every
 * operator does, by its control socket; this process and that one share nothing else.
 *
 * The child is in a process group of its own, so that Ctrl-C reaches the demonstration only, which then ends
 * the child; and it ends by itself when the demonstration is gone, however that came.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import type { CommandName } from '../../../chassis/control/arguments.ts';
import { ControlClient } from '../../../chassis/control/client.ts';
import { OperationError } from '../../../chassis/operations.ts';

/** What the child says. */
export type FromBox = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly why: string };

/** Milliseconds for a Cease to every neighbour and everything closed. */
const PATIENCE = 10_000;
const LAST_WORDS = 5;

export class Box {
  /** Resolves when the router listens; rejects with an OperationError that says why it does not. */
  readonly ready: Promise<void>;
  /** Rejects when the process ends without having been told to. */
  readonly lost: Promise<never>;
  readonly control: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  /** Exit status, or the signal that ended it. */
  readonly #ended: Promise<number | string>;
  #client: Promise<ControlClient> | undefined;
  /** One question at a time. */
  #asking: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor(configurationFile: string, control: string, logFile: string) {
    this.control = control;
    this.#logFile = logFile;
    const log = openSync(logFile, 'a', 0o600);
    const entry = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';
    this.#child = fork(new URL(entry, import.meta.url), [configurationFile], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
    this.#ended = new Promise((resolve) =>
      this.#child.once('exit', (status, signal) => resolve(signal ?? status ?? 'unknown')),
    );
    this.ready = new Promise((resolve, reject) => {
      this.#child.once('message', (message: FromBox) => {
        if (message.kind === 'ready') resolve();
        else reject(new OperationError(message.why));
      });
      void this.#ended.then((status) => reject(this.#endedText(status)));
    });
    this.lost = this.#ended.then((status) => {
      if (this.#stopping) return new Promise<never>(() => {});
      throw this.#endedText(status);
    });
    // They are looked at when their turn comes.
    this.ready.catch(() => {});
    this.lost.catch(() => {});
  }

  /** Asks by the control socket. */
  ask<T>(command: CommandName, given: Record<string, unknown> = {}): Promise<T> {
    const answer = this.#asking.then(async () => {
      this.#client ??= ControlClient.connect(this.control);
      return (await this.#client).call<T>(command, given);
    });
    this.#asking = answer.catch(() => {
      this.#client = undefined;
    });
    return answer;
  }

  /** Cease to every neighbour, everything closed; the exit status of the process, or the signal that ended it. */
  async stop(): Promise<number | string> {
    this.#stopping = true;
    (await this.#client?.catch(() => undefined))?.close();
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), PATIENCE);
    const status = await this.#ended;
    clearTimeout(timer);
    return status;
  }

  /** At once, without a word to anybody. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #endedText(status: number | string): OperationError {
    const words = readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-LAST_WORDS).join(' | ');
    return new OperationError(`the router ended with ${exitText(status)}${words === '' ? '' : `: ${words}`}`);
  }
}

export function exitText(status: number | string): string {
  return typeof status === 'number' ? `exit status ${status}` : `signal ${status}`;
}
