/** Which sets of the configuration a policy in TypeScript names: whatever string in it is the name of one. */
import { createRequire } from 'node:module';
import { SET_METHODS, type SetKind } from './code-sets.ts';

interface Node {
  readonly type: string;
  readonly start: number;
}

type Parse = (code: string, options: { readonly ecmaVersion: number; readonly sourceType: string }) => Node;

/** Words of a file that may name sets, and those that must: what is asked for with SET_METHODS. */
export interface Words {
  readonly all: ReadonlySet<string>;
  readonly asked: readonly { readonly kind: SetKind; readonly word: string; readonly line: number }[];
}

/** Of a prepared file. */
export function wordsOf(code: string): Words {
  const all = new Set<string>();
  const asked: { kind: SetKind; word: string; line: number }[] = [];
  const { parse } = createRequire(import.meta.url)('acorn') as { parse: Parse };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const node = value as Node & {
      value?: unknown;
      callee?: { property?: { name?: string } };
      arguments?: unknown;
    };
    if (node.type === 'Literal' && typeof node.value === 'string') all.add(node.value);
    const kind = node.type === 'CallExpression' ? SET_METHODS[node.callee?.property?.name ?? ''] : undefined;
    if (kind !== undefined)
      for (const { type, value: word, start } of node.arguments as (Node & { value?: unknown })[])
        if (type === 'Literal' && typeof word === 'string')
          asked.push({ kind, word, line: code.slice(0, start).split('\n').length });
    for (const [key, child] of Object.entries(value)) if (key !== 'type') visit(child);
  };
  visit(parse(code, { ecmaVersion: 2022, sourceType: 'script' }));
  return { all, asked };
}
