import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of real BGP data for everyday tests; it is not part of the project. */
const folder = process.env['GRAFTD_DATA'] ?? path.resolve('..', 'shared', 'data');

/** The path of a file of real data, or undefined where it is absent (the test then skips, and says so). */
export function dataFile(name: string): string | undefined {
  const file = path.join(folder, name);
  return existsSync(file) ? file : undefined;
}
