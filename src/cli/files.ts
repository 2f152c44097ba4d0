/** Reads and writes the files that commands are given. */
import { readFile, writeFile } from 'node:fs/promises';
import { readTrouble, writeTrouble } from '../base/file-trouble.ts';
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
    throw new OperationError(`cannot read ${file}: ${readTrouble(error)}`, 2);
  }
}

export async function writeText(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new OperationError(`cannot write ${file}: ${writeTrouble(error)}`);
  }
}
