/**
 * What the benchmark asks of a BGP daemon. A file for each writes its configuration, as favourable to it as we know:
 * no kernel routes, no logging, every route accepted and passed on, sessions waited for and not dialled.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Neighbour, PolicyKind } from '../cases.ts';
import type { NextHops } from '../generator/next-hop.ts';

export interface DaemonOptions {
  /** For its configuration, sockets and log; empty. */
  readonly folder: string;
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly neighbours: readonly Neighbour[];
  /** IPv6 routes too, over the same sessions. */
  readonly ipv6: boolean;
  /** Those of policy.ts; without it everything is accepted and passed on. */
  readonly policy: PolicyKind | undefined;
}

/** The next hops that it announces, where it does not take its own address by itself. */
export const NEXT_HOP = '192.0.2.1';
export const NEXT_HOP_6 = '2001:db8:77::1';

/** A daemon in one of its configurations. */
export interface Contestant {
  readonly name: string;
  /** It has the policy of policy.ts. */
  readonly hasPolicy?: true;
  /** Which next hops it takes; "elsewhere" without it. */
  readonly nextHops?: NextHops;
  /** As it says itself; undefined where it is not installed. */
  version(): string | undefined;
  /** Starts it; it may not be listening yet. */
  start(options: DaemonOptions): Daemon;
}

/** A running daemon. It ends with the benchmark, however that ends. */
export class Daemon {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #exited: Promise<void>;
  ended: string | undefined;

  constructor(command: readonly string[], folder: string, environment: NodeJS.ProcessEnv = {}) {
    const [program, ...args] = [...leash(), ...command] as [string, ...string[]];
    this.#log = path.join(folder, 'log');
    const output = openSync(this.#log, 'a');
    this.#child = spawn(program, args, {
      stdio: ['ignore', output, output],
      cwd: folder,
      env: { ...process.env, ...environment },
    });
    closeSync(output);
    running.add(this.#child);
    this.#exited = new Promise((resolve) => {
      const onEnd = (why: string): void => {
        running.delete(this.#child);
        this.ended = why;
        resolve();
      };
      this.#child.once('exit', (code, signal) => onEnd(`ended with ${code ?? signal}`));
      this.#child.once('error', (error) => onEnd(error.message));
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The end of what it printed. */
  log(): string {
    return readFileSync(this.#log, 'utf8').slice(-2000);
  }

  async stop(): Promise<void> {
    // There is nothing to save and nobody to say goodbye to.
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

let leashed: boolean | undefined;

/** Before a command: the kernel ends it together with this process, where util-linux is there. */
function leash(): string[] {
  leashed ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;
  return leashed ? ['setpriv', '--pdeathsig', 'KILL'] : [];
}

/** The first of these programs that is there and can be run. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/usr/local/sbin');
  const files = names.flatMap((name) =>
    name.startsWith('/') ? [name] : folders.map((folder) => path.join(folder, name)),
  );
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a program says of its version. */
export function versionOf(program: string | undefined, option: string): string | undefined {
  if (program === undefined) return undefined;
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' });
  return /\d+\.\d+(\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
