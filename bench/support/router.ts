/** A chassis in a process of its own, as a shell starts it, and the commands that are given to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { entry } from '../../src/base/thread.ts';
import type { CommandName } from '../../src/chassis/control/arguments.ts';
import { ControlClient } from '../../src/chassis/control/client.ts';
import type { BladeRow } from '../../src/chassis/operations.ts';

const CLI = fileURLToPath(entry(import.meta.url, '../../src/cli/main'));
/** Milliseconds. */
const PATIENCE = 120_000;

export class Router {
  readonly #child: ChildProcess;
  readonly #control: string;
  readonly #client: ControlClient;

  private constructor(child: ChildProcess, control: string, client: ControlClient) {
    this.#child = child;
    this.#control = control;
    this.#client = client;
  }

  /** The control socket stands beside the configuration. */
  static async start(file: string): Promise<Router> {
    const control = path.join(path.dirname(file), 'graftd.sock');
    const child = spawn(process.execPath, [CLI, 'run', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the router ended with status ${code}`)));
      child.stdout?.on('data', (text: Buffer) => {
        if (text.includes('ready')) resolve();
      });
    });
    await waitFor(async () => existsSync(control));
    return new Router(child, control, await ControlClient.connect(control));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  ask<T>(command: CommandName, given: Record<string, unknown> = {}): Promise<T> {
    return this.#client.call<T>(command, given);
  }

  blades(): Promise<BladeRow[]> {
    return this.ask<BladeRow[]>('show blades');
  }

  /** Runs a command to its end; what it prints is thrown away. */
  async command(words: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [CLI, ...words, '--control', this.#control], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (status !== 0) throw new Error(`chassis ${words.join(' ')}: status ${status}`);
  }

  residentMiB(): number {
    const text = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
  }

  until(done: () => Promise<boolean>): Promise<void> {
    return waitFor(done);
  }

  async stop(): Promise<void> {
    this.#client.close();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
  }
}

async function waitFor(done: () => Promise<boolean>): Promise<void> {
  for (const until = performance.now() + PATIENCE; !(await done()); ) {
    if (performance.now() > until) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
