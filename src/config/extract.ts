/**
 * Everything of a configuration that concerns one neighbour (the paper's configuration extraction, section 3.1): its keys with
 * those of its groups and the defaults, the policies that it uses with those that they call, and the sets that these name, with
 * what stands in files. What comes out stands by itself: put into another configuration (merge.ts), it means there what it means here.
 */
import { dirname, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { canonicalAddress, contains } from './address.ts';

export type Tree = Record<string, unknown>;

/** The sections of sets, by the keys of conditions and changes that name them. */
export const SETS: Readonly<Record<string, string>> = {
  prefix: 'prefix-sets',
  'next-hop': 'prefix-sets',
  'as-path': 'as-path-sets',
  'origin-as': 'as-sets',
  'first-as': 'as-sets',
  community: 'community-sets',
  'large-community': 'large-community-sets',
  'ext-community': 'ext-community-sets',
  neighbor: 'neighbor-sets',
  'learned-from': 'neighbor-sets',
};

/**
 * Of a configuration without mistakes; undefined where it has no such neighbour. `fileName`: files that it names start from its
 * folder; `read` gives what is in one.
 */
export function extractNeighbor(
  text: string,
  fileName: string,
  address: string,
  read: (file: string) => string,
): string | undefined {
  const whole = (parse(text) ?? {}) as Tree;
  const own = named(whole, address) ?? ofRange(whole, address);
  if (own === undefined) return undefined;
  const defaults = section(whole, 'defaults');
  // Where it starts is for each chassis to say.
  const { group: _, blade: __, ...neighbor } = withGroups(whole, { ...defaults, ...own }, own, defaults);
  const used = new Used(whole, dirname(resolve(fileName)), read);
  for (const key of ['import', 'export']) {
    used.policy(neighbor[key]);
    used.code(neighbor[key]);
    if (neighbor[key] !== undefined) neighbor[key] = inPlace(neighbor[key], dirname(resolve(fileName)));
  }
  const { address: known, ...rest } = neighbor;
  return stringify({ ...used.sections, neighbors: [{ address: known, ...rest }] });
}

/** A policy in TypeScript (FILE#FUNCTION) is named by the place of its file, which does not come along. */
function inPlace(policy: unknown, folder: string): unknown {
  const [file = '', name] = String(policy).split('#');
  return name === undefined ? policy : `${resolve(folder, file)}#${name}`;
}

function named(whole: Tree, address: string): Tree | undefined {
  const neighbors = (whole.neighbors ?? []) as Tree[];
  return neighbors.find((neighbor) => canonicalAddress(String(neighbor.address)) === address);
}

/** Whoever came by a range has its keys, and goes on as one that is named: it is waited for. */
function ofRange(whole: Tree, address: string): Tree | undefined {
  const ranges = (whole['neighbor-ranges'] ?? []) as Tree[];
  const holding = ranges.filter(({ range }) => contains(String(range), address));
  const length = ({ range }: Tree): number => Number(String(range).split('/')[1]);
  const [longest] = holding.sort((a, b) => length(b) - length(a));
  if (longest === undefined) return undefined;
  const { range: _, limit: __, 'idle-time': ___, ...keys } = longest;
  return { address, passive: true, ...keys };
}

/** What is nearer counts: the neighbour's own keys, its group's, those of the group's group, the defaults. */
function withGroups(whole: Tree, all: Tree, own: Tree, defaults: Tree): Tree {
  const layers = [own];
  let { group } = all;
  for (let depth = 0; typeof group === 'string' && depth < 100; depth++) {
    const layer = section(section(whole, 'groups'), group);
    layers.push(layer);
    ({ group } = layer);
  }
  return Object.assign({}, defaults, ...layers.reverse()) as Tree;
}

/** Policies and sets, found by name from those that use them. */
class Used {
  readonly sections: Record<string, Tree> = {};
  readonly #whole: Tree;
  readonly #folder: string;
  readonly #read: (file: string) => string;

  constructor(whole: Tree, folder: string, read: (file: string) => string) {
    this.#whole = whole;
    this.#folder = folder;
    this.#read = read;
  }

  policy(name: unknown): void {
    const policy = this.#take('policies', name) as Tree[] | undefined;
    for (const statement of policy ?? []) {
      for (const part of ['if', 'unless', 'set'])
        namesOf(section(statement, part), (sets, each) => {
          this.#take(sets, each);
          return each;
        });
      this.policy(statement.call);
    }
  }

  /** The sets that a policy in TypeScript names: by strings in its file. */
  code(reference: unknown): void {
    const [file = '', name] = String(reference).split('#');
    const kinds = [...new Set(Object.values(SETS))].filter((sets) => sets in this.#whole);
    if (name === undefined || kinds.length === 0) return;
    const text = this.#read(resolve(this.#folder, file));
    for (const sets of kinds)
      for (const each of Object.keys(section(this.#whole, sets)))
        if (["'", '"', '`'].some((quote) => text.includes(quote + each + quote))) this.#take(sets, each);
  }

  /** What was not taken before, where there is such a thing. */
  #take(title: string, name: unknown): unknown {
    const found = typeof name === 'string' ? section(this.#whole, title)[name] : undefined;
    if (found === undefined || this.sections[title]?.[name as string] !== undefined) return undefined;
    this.sections[title] = { ...this.sections[title], [name as string]: this.#inline(found) };
    return found;
  }

  /** A set with what is in its file, which another host does not have. */
  #inline(set: unknown): unknown {
    if (!isTree(set) || typeof set.file !== 'string') return set;
    const lines = this.#read(resolve(this.#folder, set.file))
      .split(/\r?\n/)
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '');
    return [...lines, ...((set.prefixes ?? []) as string[])];
  }
}

/** A part of a statement, with each name of a set replaced: names stand as values, in lists, or below "remove" of a change. */
export function namesOf(part: Tree, replace: (sets: string, name: string) => string): Tree {
  const changed = { ...part };
  for (const [key, sets] of Object.entries(SETS)) {
    const value = part[key];
    const each = (name: unknown): unknown => (typeof name === 'string' ? replace(sets, name) : name);
    const all = (names: unknown): unknown => (Array.isArray(names) ? names.map(each) : each(names));
    if (isTree(value)) changed[key] = 'remove' in value ? { ...value, remove: all(value.remove) } : value;
    else if (value !== undefined) changed[key] = all(value);
  }
  return changed;
}

export function section(tree: Tree, name: string): Tree {
  const found = tree[name];
  return isTree(found) ? found : {};
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
