/**
 * Policies in TypeScript, from what the configuration says: the files of each, read with those that they import, and tried, so that
 * what is wrong in them is said before anything is changed.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { type Code, CodeError, importsOf, load, prepare, resolveImport } from '../policy/code.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import type { ReadText } from './policies.ts';

/** One definition; throws a CodeError with what is wrong. */
export function codeDefinition(reference: string, folder: string, read: ReadText): PolicyDefinition {
  const [file = '', name = '', ...more] = reference.split('#');
  if (file === '' || !/^[A-Za-z_$][\w$]*$/.test(name) || more.length > 0)
    throw new CodeError('must be a file and a function of it, like ./my-policy.ts#importFromCustomers');
  const modules: Record<string, string> = {};
  const entry = plainPath(file);
  collect(entry, undefined, folder, read, modules);
  const code: Code = { file: entry, function: name, modules };
  load(code);
  const hash = createHash('sha256').update(JSON.stringify(code)).digest('hex').slice(0, 12);
  return { key: `${reference}@${hash}`, name: reference, policies: {}, code };
}

/** As imports come to it: `./a.ts` and `x/../a.ts` are `a.ts`. */
function plainPath(file: string): string {
  return file.startsWith('/') ? file : resolveImport('.', file);
}

function collect(
  file: string,
  from: string | undefined,
  folder: string,
  read: ReadText,
  into: Record<string, string>,
): void {
  if (file in into) return;
  if (!/\.[cm]?[jt]s$/.test(file))
    throw new CodeError(`${file} is no file of TypeScript or JavaScript (.ts, .js, .mjs)`);
  let text: string;
  try {
    text = read(resolve(folder, file));
  } catch (error) {
    const by = from === undefined ? '' : `, which ${from} imports`;
    throw new CodeError(`cannot read ${file}${by}: ${(error as Error).message}`);
  }
  into[file] = prepare(text, file);
  for (const name of importsOf(into[file])) {
    if (!name.startsWith('.'))
      throw new CodeError(`${file} imports ${name}: a policy can import files beside it only`);
    collect(resolveImport(file, name), file, folder, read, into);
  }
}
