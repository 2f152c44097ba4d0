/** Reads a configuration file for the commands that are given one. */
import { readFile } from 'node:fs/promises';
import { OperationError } from '../chassis/operations.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Mistake } from '../config/parse.ts';

type Checked =
  | { readonly configuration: Configuration; readonly mistakes?: never; readonly lines?: never }
  | {
      readonly mistakes: Mistake[];
      /** The mistakes for people. */
      readonly lines: string[];
      readonly configuration?: never;
    };

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'it is a folder',
};

export async function readConfiguration(file: string): Promise<Checked> {
  const { formatMistake, parseConfiguration } = await import('../config/parse.ts');
  const text = await readText(file);
  const { configuration, mistakes } = parseConfiguration(text, file);
  if (configuration) return { configuration };
  return { mistakes, lines: mistakes.map((mistake) => formatMistake(file, mistake)) };
}

/** A file that a command was given; where it cannot be read, why, in words. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperationError(`cannot read ${file}: ${WHY[code ?? ''] ?? message}`, 2);
  }
}
