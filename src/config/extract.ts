/**
 * Everything of a configuration that concerns one neighbour (the paper's configuration extraction, section 3.1): its keys with
 * those of its group and the defaults, the policies that it uses with those that they call, and the sets that these name. What
 * comes out stands by itself: put into another configuration, it means there what it means here.
 */
import { dirname, resolve } from 'node:path';
import { parse, stringify } from 'yaml';

type Tree = Record<string, unknown>;

/** The sections of sets, by the keys of conditions and changes that name them. */
const SETS: Readonly<Record<string, string>> = {
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

/** Of a configuration without mistakes; undefined where it has no such neighbour. `fileName`: files that it names start from its folder. */
export function extractNeighbor(text: string, fileName: string, address: string): string | undefined {
  const whole = (parse(text) ?? {}) as Tree;
  const neighbors = (whole.neighbors ?? []) as Tree[];
  const own = neighbors.find((neighbor) => neighbor.address === address);
  if (own === undefined) return undefined;
  const defaults = section(whole, 'defaults');
  const group = own.group ?? defaults.group;
  const inherited = typeof group === 'string' ? section(section(whole, 'groups'), group) : {};
  const { group: _, ...neighbor } = { ...defaults, ...inherited, ...own };
  const used = new Used(whole, dirname(resolve(fileName)));
  for (const key of ['import', 'export']) used.policy(neighbor[key]);
  const { address: known, ...rest } = neighbor;
  return stringify({ ...used.sections, neighbors: [{ address: known, ...rest }] });
}

/** Policies and sets, found by name from those that use them. */
class Used {
  readonly sections: Record<string, Tree> = {};
  readonly #whole: Tree;
  readonly #folder: string;

  constructor(whole: Tree, folder: string) {
    this.#whole = whole;
    this.#folder = folder;
  }

  policy(name: unknown): void {
    const policy = this.#take('policies', name) as Tree[] | undefined;
    for (const statement of policy ?? []) {
      for (const part of ['if', 'unless', 'set']) this.#names(section(statement, part));
      this.policy(statement.call);
    }
  }

  /** Names stand as values, in lists, or below "remove" of a change. */
  #names(part: Tree): void {
    for (const [key, sets] of Object.entries(SETS)) {
      const value = part[key];
      const named = isTree(value) ? value.remove : value;
      for (const name of [named].flat()) this.#take(sets, name);
    }
  }

  /** What was not taken before, where there is such a thing. */
  #take(title: string, name: unknown): unknown {
    const found = typeof name === 'string' ? section(this.#whole, title)[name] : undefined;
    if (found === undefined || this.sections[title]?.[name as string] !== undefined) return undefined;
    this.sections[title] = { ...this.sections[title], [name as string]: this.#absolute(found) };
    return found;
  }

  #absolute(set: unknown): unknown {
    if (!isTree(set) || typeof set.file !== 'string') return set;
    return { ...set, file: resolve(this.#folder, set.file) };
  }
}

function section(tree: Tree, name: string): Tree {
  const found = tree[name];
  return isTree(found) ? found : {};
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
