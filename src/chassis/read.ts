/**
 * Reads a configuration as a running chassis does: what is large is read in a thread that ends with it. A set of 10,000 prefixes
 * takes a quarter of a second, in which the chassis thread would look after nobody, and leaves many times its size behind.
 */
import { type Parsed, parseConfiguration } from '../config/parse.ts';
import { JobPool } from '../jobs/pool.ts';
import { OperationError } from './operations.ts';

/** Octets of text; below that, reading it here is over before a thread has started. */
const LARGE = 1 << 16;
/** Sets may stand in files of their own. */
const NAMES_FILES = /\bfile\s*:/;

/** `file`: where the text stands. */
export async function readConfiguration(text: string, file: string): Promise<Parsed> {
  if (text.length < LARGE && !NAMES_FILES.test(text)) return parseConfiguration(text, file);
  const pool = new JobPool(1);
  try {
    return await pool.run('parseConfiguration', { text, file });
  } catch (error) {
    // The thread, not the text: it had no memory left, say.
    throw new OperationError(`cannot read ${file}: ${(error as Error).message}; nothing was changed`, 2);
  } finally {
    await pool.close();
  }
}
