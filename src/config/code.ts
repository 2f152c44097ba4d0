/**
 * Policies in TypeScript, from what the configuration says: the files of each, read with those that they import, and tried, so that
 * what is wrong in them is said before anything is changed.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { readTrouble } from '../base/file-trouble.ts';
import { type Code, CodeError, importsOf, load, prepare, resolveImport } from '../policy/code.ts';
import { type SetKind, whyNoSet } from '../policy/code-sets.ts';
import { wordsOf } from '../policy/code-words.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import { nearest } from './nearest.ts';
import type { Policies, ReadText } from './policies.ts';

/** One definition; throws a CodeError with what is wrong. */
export function codeDefinition(
  reference: string,
  folder: string,
  read: ReadText,
  policies: Pick<Policies, 'setsNamed' | 'setNames'>,
): PolicyDefinition {
  const [file = '', name = '', ...more] = reference.split('#');
  if (file === '' || !/^[A-Za-z_$][\w$]*$/.test(name) || more.length > 0)
    throw new CodeError('must be a file and a function of it, like ./my-policy.ts#importFromCustomers');
  const modules: Record<string, string> = {};
  const entry = plainPath(file);
  collect(entry, undefined, folder, read, modules);
  const words = new Set<string>();
  for (const [each, text] of Object.entries(modules)) {
    const { all, asked } = wordsOf(text);
    for (const word of all) words.add(word);
    for (const { kind, word, line } of asked) checkWord(kind, word, `${each}:${line}`, policies);
  }
  const { sets, text } = policies.setsNamed(words);
  const asksNeighbor = Object.values(modules).some((each) => /\bneighbor\b/.test(each));
  const code: Code = { file: entry, function: name, modules, asksNeighbor, sets };
  load(code);
  const whole = JSON.stringify({ ...code, sets: text });
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 12);
  return { key: `${reference}@${hash}`, name: reference, policies: {}, code };
}

/** A name that leads nowhere is said before any route comes. */
function checkWord(kind: SetKind, word: string, place: string, policies: Pick<Policies, 'setNames'>): void {
  const names = policies.setNames(kind);
  if (names.includes(word)) return;
  const why = whyNoSet(kind, word);
  if (why === undefined) return;
  const near = nearest(word, names);
  if (near !== undefined)
    throw new CodeError(`${place}: there is no ${kind} set "${word}"; did you mean "${near}"?`);
  throw new CodeError(
    `${place}: "${word}" is no ${kind} set, and nothing that could stand in one: it ${why}`,
  );
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
    throw new CodeError(`cannot read ${file}${by}: ${readTrouble(error)}`);
  }
  into[file] = prepare(text, file);
  for (const name of importsOf(into[file])) {
    if (!name.startsWith('.'))
      throw new CodeError(`${file} imports ${name}: a policy can import files beside it only`);
    collect(resolveImport(file, name), file, folder, read, into);
  }
}
