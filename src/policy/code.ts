/**
 * Policies in TypeScript: from the text of files to a function that cannot run for ever, in each blade anew.
 *
 *   .ts ─→ JavaScript, line by line the same ─→ each loop and function counts a step ─→ compiled in a context of its own
 *
 * A bound of steps, not of time: it is the same on every blade, on every machine, however busy, so that N blades stay one router.
 * For the same reason there is neither clock nor chance in there. What a regular expression costs is bounded by V8 itself. The
 * context protects from mistakes, not from malice: the files are the operator's.
 */
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { compileFunction, createContext, runInContext } from 'node:vm';
import type { Policy } from './code-api.ts';
import type { CodeSets } from './code-sets.ts';

/** What goes to the blades: files by name, as JavaScript; the first one has the function. */
export interface Code {
  readonly file: string;
  readonly function: string;
  readonly modules: Readonly<Record<string, string>>;
  /** It can look at the neighbour that it is used for. Otherwise it is one policy for all of them. */
  readonly asksNeighbor: boolean;
  readonly sets: CodeSets;
}

/** Loaded where the first policy in TypeScript is read: who has none does without them. */
const packages = createRequire(import.meta.url);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

type Transform = (
  text: string,
  options: {
    readonly transforms: readonly ('typescript' | 'imports')[];
    readonly filePath: string;
    readonly preserveDynamicImport: boolean;
    readonly disableESTransforms: boolean;
  },
) => { readonly code: string };

type Parse = (code: string, options: { readonly ecmaVersion: number; readonly sourceType: string }) => Node;

/** Steps of one call, and of loading a file. */
const MOST_STEPS = 100_000;
const MOST_STEPS_OF_LOADING = 10_000_000;

/** What would make one blade's answers other ones than another's. */
const WITHOUT = `
  for (const name of ['Date', 'WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer', 'console'])
    delete globalThis[name];
  delete Math['random'];
`;

export class CodeError extends Error {}

/** The JavaScript of a file, with its steps counted; throws a CodeError with file, line and column. */
export function prepare(text: string, file: string): string {
  const ending = posix.extname(file);
  const transforms: ('typescript' | 'imports')[] =
    ending === '.ts' || ending === '.mts' ? ['typescript', 'imports'] : ['imports'];
  const { transform } = packages('sucrase') as { transform: Transform };
  let code: string;
  try {
    ({ code } = transform(text, {
      transforms,
      filePath: file,
      preserveDynamicImport: true,
      disableESTransforms: true,
    }));
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    const what = message.replace(/^Error transforming [^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
    throw new CodeError(`${file}${loc === undefined ? '' : `:${loc.line}:${loc.column}`}: ${what}`);
  }
  return counted(code, file);
}

/** Names of the files that a prepared one imports, as it says them. */
export function importsOf(code: string): string[] {
  return [...code.matchAll(/\brequire\((['"])([^'"]+)\1\)/g)].map(([, , name]) => name as string);
}

const LOOPS = ['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'];
const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const COUNT = '$step()';

/** JavaScript with its steps counted. */
export function counted(code: string, file: string): string {
  const insertions: [at: number, text: string][] = [];
  const around = (node: Node, before: string, after: string): void => {
    insertions.push([node.start, before], [node.end, after]);
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const { type, body } = value as Node & { body?: Node };
    if (type === 'ImportExpression') throw new CodeError(`${file}: import() cannot be used in a policy`);
    // Around before within, so that what is inserted at one place nests.
    const bounded = LOOPS.includes(type) || FUNCTIONS.includes(type);
    if (bounded && body !== undefined) {
      if (body.type === 'BlockStatement') insertions.push([body.start + 1, `${COUNT};`]);
      else if (FUNCTIONS.includes(type)) around(body, `(${COUNT},(`, '))');
      else around(body, `{${COUNT};`, '}');
    }
    for (const [key, child] of Object.entries(value)) if (key !== 'type') visit(child);
  };
  try {
    const { parse } = packages('acorn') as { parse: Parse };
    visit(parse(code, { ecmaVersion: 2022, sourceType: 'script' }));
  } catch (error) {
    if (error instanceof CodeError) throw error;
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    throw new CodeError(
      `${file}:${loc?.line ?? 1}:${(loc?.column ?? 0) + 1}: ${message.replace(/ \(.*\)$/, '')}`,
    );
  }
  let [counting, at] = ['', 0];
  for (const [place, text] of insertions
    .map((each, i) => [...each, i] as const)
    .sort((a, b) => a[0] - b[0] || order(a, b))) {
    counting += code.slice(at, place) + text;
    at = place;
  }
  return counting + code.slice(at);
}

/** At one place: what ends, the innermost first; then what begins, the outermost first. */
function order(
  [, a, i]: readonly [number, string, number],
  [, b, j]: readonly [number, string, number],
): number {
  const ends = (text: string): number => (text.startsWith('}') || text.startsWith('))') ? 0 : 1);
  return ends(a) - ends(b) || (ends(a) === 0 ? j - i : i - j);
}

/** A policy that can be called: each call has so many steps. */
export type Callable = Policy;

/** Loads the code anew; throws a CodeError that says where it went wrong. */
export function load({ file, function: name, modules }: Code): Callable {
  boundExpressions();
  let left = 0;
  const step = (): void => {
    if (--left < 0) throw new CodeError(`more than ${MOST_STEPS} steps: it may have no end`);
  };
  const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
  runInContext(WITHOUT, context);
  const loaded = new Map<string, { exports: Record<string, unknown> }>();
  const require = (path: string): Record<string, unknown> => {
    const known = loaded.get(path);
    if (known !== undefined) return known.exports;
    const code = modules[path];
    if (code === undefined) throw new CodeError(`${file} imports ${path}, which is not there`);
    const module = { exports: {} };
    loaded.set(path, module);
    const parameters = ['exports', 'module', 'require', '$step'];
    const run = compileFunction(code, parameters, { filename: path, parsingContext: context });
    run(module.exports, module, (other: string) => require(resolveImport(path, other)), step);
    return module.exports;
  };
  left = MOST_STEPS_OF_LOADING;
  let found: unknown;
  try {
    found = require(file)[name];
  } catch (error) {
    throw new CodeError(faultText(error, Object.keys(modules)));
  }
  if (typeof found !== 'function') {
    const names = Object.keys(require(file)).filter((each) => each !== '__esModule');
    throw new CodeError(
      `${file} exports no function "${name}"${names.length === 0 ? '' : `; it exports ${names.join(', ')}`}`,
    );
  }
  return (route) => {
    left = MOST_STEPS;
    return (found as Policy)(route);
  };
}

export function resolveImport(from: string, name: string): string {
  return posix.join(posix.dirname(from), name);
}

/** What was thrown, and where in the operator's files: lines there are lines here. */
export function faultText(error: unknown, files: readonly string[]): string {
  const { message, stack } = (error ?? {}) as { message?: unknown; stack?: unknown };
  const text = typeof message === 'string' ? message : `threw ${String(error)}`;
  for (const line of typeof stack === 'string' ? stack.split('\n') : []) {
    const place = files
      .map((file) => line.slice(Math.max(0, line.indexOf(`${file}:`))))
      .find((each, i) => each.startsWith(`${files[i]}:`));
    const end = place === undefined ? null : /^.*?:\d+/.exec(place);
    if (end !== null) return text.startsWith(`${end[0]}:`) ? text : `${end[0]}: ${text}`;
  }
  return text;
}

let bounded = false;

/** An expression that would try for ever is gone through in linear time (V8's second engine). */
function boundExpressions(): void {
  if (bounded) return;
  bounded = true;
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  setFlagsFromString('--regexp-backtracks-before-fallback=10000');
}
