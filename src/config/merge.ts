/**
 * Puts what was extracted of a neighbour (extract.ts) into another configuration, which keeps its order and its comments: the
 * paper's "configuration is extracted and applied" (section 3.1).
 *
 * A name may mean something else there. What is the same under the same name is shared; what is not comes in under another
 * name, NAME-2, and so does each policy that uses it, so that the neighbour is served as it was, and nobody else otherwise.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isSeq, parse, parseDocument } from 'yaml';
import { isTree, namesOf, SETS, section, type Tree } from './extract.ts';
import { neighborKeys } from './keys.ts';
import type { Keys } from './shapes.ts';

export interface Merged {
  readonly text: string;
  readonly neighbors: readonly string[];
  /** What is to be known: names that are others here, defaults that hold for it. */
  readonly notes: readonly string[];
}

const SET_SECTIONS = [...new Set(Object.values(SETS))];
const SECTIONS = [...SET_SECTIONS, 'policies'];

/** What cannot be put together, in words. */
export class Unfit extends Error {}

export function mergeNeighbors(text: string, extracted: string): Merged {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Unfit('the configuration is no YAML; see "chassis check"');
  const here = (document.toJS() ?? {}) as Tree;
  const given = readExtracted(extracted);
  const names = new Renaming(here, given);
  for (const title of SECTIONS) {
    for (const [name, value] of Object.entries(section(given, title))) {
      const known = names.of(title, name);
      if (section(here, title)[known] === undefined) put(document, title, known, names.renamed(title, value));
    }
  }
  const neighbors = given.neighbors as Tree[];
  const notes = names.list();
  for (const neighbor of neighbors) {
    const { address } = neighbor;
    if (((here.neighbors ?? []) as Tree[]).some((each) => each.address === address))
      throw new Unfit(`${String(address)} is a neighbour there already`);
    append(document, withoutDefaults(names.renamed('neighbors', neighbor) as Tree, here, notes));
  }
  return {
    text: document.toString({ lineWidth: 0 }),
    neighbors: neighbors.map(({ address }) => String(address)),
    notes,
  };
}

function readExtracted(text: string): Tree {
  let given: unknown;
  try {
    given = parse(text);
  } catch (error) {
    throw new Unfit(`what was extracted is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (!isTree(given) || !Array.isArray(given.neighbors) || !given.neighbors.every(isTree))
    throw new Unfit('it has no neighbours; "chassis export session ADDR" prints what is meant');
  const other = Object.keys(given).find((key) => key !== 'neighbors' && !SECTIONS.includes(key));
  if (other !== undefined)
    throw new Unfit(`"${other}" is nothing that a neighbour brings along: ${SECTIONS.join(', ')}, neighbors`);
  return given;
}

/** The names that sets and policies get in the other configuration. */
class Renaming {
  readonly #here: Tree;
  readonly #given: Tree;
  /** "policies.NAME" → the name there; what is not in it keeps its own. */
  readonly #names = new Map<string, string>();

  constructor(here: Tree, given: Tree) {
    this.#here = here;
    this.#given = given;
    for (const title of SECTIONS)
      for (const [name, value] of Object.entries(section(given, title))) {
        const there = section(here, title)[name];
        if (there !== undefined && !isDeepStrictEqual(there, value)) this.#rename(title, name);
      }
    // A policy that is the same to the letter is another one where a name in it means something else.
    while (this.#renameUsers()) {}
  }

  of(title: string, name: string): string {
    return this.#names.get(`${title}.${name}`) ?? name;
  }

  list(): string[] {
    return [...this.#names].map(
      ([path, name]) => `${path} is "${name}" here, where "${path.split('.')[1]}" means something else`,
    );
  }

  #rename(title: string, name: string): void {
    const taken = { ...section(this.#here, title), ...section(this.#given, title) };
    const used = new Set([...Object.keys(taken), ...this.#names.values()]);
    let i = 2;
    while (used.has(`${name}-${i}`)) i++;
    this.#names.set(`${title}.${name}`, `${name}-${i}`);
  }

  #renameUsers(): boolean {
    let some = false;
    for (const [name, value] of Object.entries(section(this.#given, 'policies'))) {
      // One that is not there yet keeps its name, whatever it uses.
      if (this.#names.has(`policies.${name}`) || section(this.#here, 'policies')[name] === undefined)
        continue;
      if (isDeepStrictEqual(this.renamed('policies', value), value)) continue;
      this.#rename('policies', name);
      some = true;
    }
    return some;
  }

  /** A policy or a neighbour with the new names in the place of the old ones. */
  renamed(title: string, value: unknown): unknown {
    if (title === 'neighbors') return this.#policies(value as Tree, ['import', 'export']);
    if (title !== 'policies' || !Array.isArray(value)) return value;
    return value.map((statement: Tree) => {
      const changed = this.#policies(statement, ['call']);
      for (const part of ['if', 'unless', 'set'])
        if (isTree(statement[part]))
          changed[part] = namesOf(statement[part], (sets, name) => this.of(sets, name));
      return changed;
    });
  }

  #policies(tree: Tree, keys: readonly string[]): Tree {
    const changed = { ...tree };
    for (const key of keys) if (typeof tree[key] === 'string') changed[key] = this.of('policies', tree[key]);
    return changed;
  }
}

/** The defaults there are not what it was served by: where it says nothing itself, it says what holds without a word. */
function withoutDefaults(neighbor: Tree, here: Tree, notes: string[]): Tree {
  const changed = { ...neighbor };
  for (const key of Object.keys(section(here, 'defaults'))) {
    if (key in neighbor) continue;
    const preset = (neighborKeys as Keys)[key]?.default;
    if (preset !== undefined) changed[key] = preset;
    else notes.push(`defaults.${key} holds for ${String(neighbor.address)}, too`);
  }
  return changed;
}

function put(document: Document, title: string, name: string, value: unknown): void {
  if (!isMap(document.get(title))) document.set(title, document.createNode({}));
  document.setIn([title, name], document.createNode(value));
}

function append(document: Document, neighbor: unknown): void {
  const list = document.get('neighbors');
  if (!isSeq(list) || list.items.length === 0) document.set('neighbors', document.createNode([neighbor]));
  else list.add(document.createNode(neighbor));
}
