/** Runs the command `chassis` as a process of its own, as people and scripts do. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const PATIENCE_MILLISECONDS = 60_000;

export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export function chassis(words: readonly string[], { cwd, env }: Surroundings = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { GRAFTD_CONTROL: _, ...own } = process.env;
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd,
      env: { ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MILLISECONDS,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

/** The same in a shell, where `chassis` stands for the command. */
export function shell(line: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const program = `chassis() { "${process.execPath}" "${PROGRAM}" "$@"; }; set -o pipefail; ${line}`;
    const child = spawn('bash', ['-c', program], {
      env: { ...process.env, ...env },
      timeout: PATIENCE_MILLISECONDS,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}
