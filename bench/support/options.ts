/**
 * What a benchmark was asked for on its command line. What is wrong with it is one line, and status 2, before anything is measured: where
 * an option is a number without being given, or numbers with commas between, that is what must be given.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

export function readOptions<T extends ParseArgsConfig & { options: Options }>(
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    const parsed = parseArgs(config);
    for (const [name, value] of Object.entries(parsed.values)) {
      const wrong = whyNot(config.options[name]?.default, value);
      if (wrong !== undefined) wrongUsage(`--${name} must be ${wrong}, not "${value}"`);
    }
    return parsed;
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error;
    return wrongUsage((error as Error).message.split(/\.\s|\n/, 1)[0] as string);
  }
}

export function wrongUsage(why: string): never {
  console.error(`${why}; --help lists the options`);
  process.exit(2);
}

/** What a value must be and is not. */
export function whyNot(unasked: unknown, value: unknown): string | undefined {
  if (typeof unasked !== 'string' || typeof value !== 'string' || !/^[\d.,]+$/.test(unasked))
    return undefined;
  if (unasked.includes(',')) return /^\d+(,\d+)*$/.test(value) ? undefined : 'numbers with commas between';
  return /^\d+(\.\d+)?$/.test(value) ? undefined : 'a number';
}
