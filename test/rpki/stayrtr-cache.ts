/** A real RPKI cache: stayrtr of Debian. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

export interface Roa {
  prefix: string;
  maxLength: number;
  asn: string;
}

export function isInstalled(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v stayrtr']);
    return true;
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

export class Cache {
  readonly port: number;
  readonly #file: string;
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.port = port;
    this.#file = path.join(folder, `roas-${port}.json`);
  }

  tells(roas: readonly Roa[]): void {
    writeFileSync(this.#file, JSON.stringify({ metadata: {}, roas }));
    // It reads the file again when it is told to.
    this.#process?.kill('SIGHUP');
  }

  start(): void {
    this.#process = spawn(
      'stayrtr',
      [
        ...['-bind', `127.0.0.1:${this.port}`, '-metrics.addr', '', '-cache', this.#file],
        ...['-checktime=false', '-refresh', '1', '-loglevel', 'error'],
      ],
      { stdio: 'ignore' },
    );
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
}
