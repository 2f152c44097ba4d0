/** `chassis demo` as a process of its own, in a folder of its own, and what it has said so far. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const PATIENCE = 120_000;

export class RunningDemo {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'graftd-demo-test-'));
  /** Where the demo has its temporary folder: empty again when it has ended well. */
  readonly temporary = mkdtempSync(path.join(tmpdir(), 'graftd-demo-tmp-'));
  /** Exit status, or the signal. */
  readonly ended: Promise<number | string | null>;
  out = '';
  err = '';
  readonly #child: ChildProcess;
  #onText: () => void = () => {};

  constructor(...words: string[]) {
    const { GRAFTD_CONTROL: _, ...own } = process.env;
    this.#child = spawn(process.execPath, [PROGRAM, 'demo', ...words], {
      cwd: this.folder,
      env: { ...own, TMPDIR: this.temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE,
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.out += chunk;
      this.#onText();
    });
    this.#child.stderr?.on('data', (chunk) => (this.err += chunk));
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (status, signal) => {
        resolve(signal ?? status);
        this.#onText();
      }),
    );
  }

  /** Resolves to the match once it has said so; rejects if it ends before. */
  async says(text: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const found = this.out.match(text);
      if (found !== null) return found;
      if (this.#child.exitCode !== null) throw new Error(`it ended without ${text}: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => {
        this.#onText = resolve;
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  remove(): void {
    for (const folder of [this.folder, this.temporary]) rmSync(folder, { recursive: true, force: true });
  }
}
