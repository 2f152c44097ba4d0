/**
 * A child process that cannot outlive its test. Three nets, because a routing daemon left behind holds a
 * port and spoils every later run: stop() ends it politely; when this process exits, every child is
 * killed; and when this process is itself killed, the kernel kills the child (PR_SET_PDEATHSIG, through
 * setpriv of util-linux, where that is present).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Network } from './network.ts';

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

let pdeathsig: boolean | undefined;

/** The words to put before a command so that the kernel ends it together with this process. */
function leash(): string[] {
  pdeathsig ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;
  return pdeathsig ? ['setpriv', '--pdeathsig', 'KILL'] : [];
}

export interface ChildOptions {
  network: Network;
  /** Where standard output and standard error go, together. */
  logFile: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #logFile: string;
  readonly #exited: Promise<number | string>;
  #status: number | string | undefined;

  constructor(command: readonly string[], options: ChildOptions) {
    const [program, ...args] = [...options.network.prefix, ...leash(), ...command] as [string, ...string[]];
    this.#logFile = options.logFile;
    const output = openSync(options.logFile, 'a');
    this.#process = spawn(program, args, {
      stdio: ['ignore', output, output],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    closeSync(output);
    alive.add(this.#process);
    this.#exited = new Promise((resolve) => {
      const ended = (status: number | string) => {
        alive.delete(this.#process);
        this.#status = status;
        resolve(status);
      };
      this.#process.once('exit', (code, signal) => ended(code ?? signal ?? 'unknown'));
      this.#process.once('error', (error) => ended(error.message));
    });
  }

  /** The exit status or the signal's name; undefined while the process lives. */
  get status(): number | string | undefined {
    return this.#status;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  exited(): Promise<number | string> {
    return this.#exited;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** At once, and without a word to anybody. */
  async crash(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  /** Asks the process to end, and insists after `patience` milliseconds; gives its exit status. */
  async stop(patience = 5000): Promise<number | string> {
    this.signal('SIGTERM');
    const insist = setTimeout(() => this.signal('SIGKILL'), patience);
    const status = await this.#exited;
    clearTimeout(insist);
    return status;
  }
}
