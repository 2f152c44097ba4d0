/**
 * Where a command writes: results to standard output, at the pace of whoever reads it, complaints to standard
 * error. Colour and thousands separators are for terminals; a pipe gets plain text. NO_COLOR is honoured.
 */
import type { Writable } from 'node:stream';
import { writeTrouble } from '../base/file-trouble.ts';

export interface Terminal {
  /** Resolves when there is room for more. */
  out(text: string): Promise<void>;
  err(text: string): void;
  readonly paint: Paint;
  /** True where a person reads standard output. */
  readonly interactive: boolean;
  /** Characters in a line; without end in a pipe. */
  readonly width: number;
  readonly env: NodeJS.ProcessEnv;
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

/** Puts a style around a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_, text) => text;
const coloured: Paint = (style, text) => `\x1b[${STYLES[style]}m${text}\x1b[0m`;

type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export function openTerminal(stdout: Output, stderr: Output, env: NodeJS.ProcessEnv): Terminal {
  const interactive = stdout.isTTY === true;
  const colour = interactive && !env.NO_COLOR && env.TERM !== 'dumb';
  stdout.on('error', (error) => leave(error, stderr));
  stderr.on('error', (error) => leave(error));
  return {
    out: (text) => write(stdout, text),
    err: (text) => void stderr.write(text.endsWith('\n') ? text : `${text}\n`),
    paint: colour ? coloured : plain,
    interactive,
    width: (interactive && stdout.columns) || Number.POSITIVE_INFINITY,
    env,
  };
}

/** `chassis show routes | head` ends when head does, without a word. */
function leave(error: NodeJS.ErrnoException, stderr?: Output): void {
  if (error.code === 'EPIPE') process.exit();
  stderr?.write(`chassis: cannot write the output: ${writeTrouble(error)}\n`);
  process.exit(1);
}

function write(stream: Output, text: string): Promise<void> {
  if (stream.write(text)) return Promise.resolve();
  return new Promise((resolve) => stream.once('drain', resolve));
}
