/** `chassis run` as a process of its own: as operators start it, with their signals and their files. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { CommandName } from '../../../src/chassis/control/arguments.ts';
import { ControlClient } from '../../../src/chassis/control/client.ts';
import { type BoxOptions, configurationText, freePort, temporaryFolder, until } from './box.ts';

const PROGRAM = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

export interface Ended {
  /** Exit status, or the signal that ended it. */
  readonly status: number | NodeJS.Signals | null;
}

export class Program {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly port: number;
  readonly control: string;
  readonly state: string;
  readonly ended: Promise<Ended>;
  output = '';
  errors = '';

  private constructor(
    file: string,
    files: { port: number; control: string; state: string },
    log: number | 'pipe',
  ) {
    this.folder = path.dirname(file);
    this.port = files.port;
    this.control = files.control;
    this.state = files.state;
    this.child = spawn(process.execPath, [PROGRAM, 'run', file], { stdio: ['ignore', 'pipe', log] });
    this.child.stdout?.on('data', (text) => (this.output += text));
    this.child.stderr?.on('data', (text) => (this.errors += text));
    this.ended = new Promise((resolve) =>
      this.child.once('close', (code, signal) => resolve({ status: code ?? signal })),
    );
  }

  /** Starts it in a folder; does not wait until it is ready. */
  static start(
    t: ExecutionContext,
    files: { folder: string; port: number; control?: string; state?: string; log?: number },
    options: BoxOptions,
  ): Program {
    const file = path.join(files.folder, 'graftd.yaml');
    const all = {
      port: files.port,
      control: files.control ?? path.join(files.folder, 'c.sock'),
      state: files.state ?? path.join(files.folder, 'graftd.db'),
    };
    writeFileSync(file, configurationText(options, all));
    const program = new Program(file, all, files.log ?? 'pipe');
    t.teardown(async () => {
      program.child.kill('SIGKILL');
      await program.ended;
    });
    return program;
  }

  /** In a folder and at a port of its own, and ready. */
  static async run(t: ExecutionContext, options: BoxOptions): Promise<Program> {
    const program = Program.start(t, { folder: temporaryFolder(t), port: await freePort() }, options);
    await program.ready();
    return program;
  }

  async ready(): Promise<void> {
    let gone = false;
    void this.ended.then(() => (gone = true));
    await until(`"ready" from ${this.folder}`, () => gone || /\bready\b/.test(this.output), 20_000);
    if (gone) throw new Error(`it ended: ${this.errors}`);
  }

  /** A command over its control socket. */
  async call<T>(command: CommandName, given: Record<string, unknown> = {}): Promise<T> {
    const client = await ControlClient.connect(this.control);
    try {
      return await client.call<T>(command, given);
    } finally {
      client.close();
    }
  }

  /** A command as an operator types it. */
  words(...words: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, ...words, '--control', this.control], (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  async end(signal: NodeJS.Signals): Promise<Ended & { milliseconds: number }> {
    const before = performance.now();
    this.child.kill(signal);
    const ended = await this.ended;
    return { ...ended, milliseconds: performance.now() - before };
  }
}
