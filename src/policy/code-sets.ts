/**
 * What policies in TypeScript ask of a route with sets of the configuration, or with what would stand in one: `route.isIn('bogons')`,
 * `route.hasCommunity('65000:*')`. Each question is made once, and kept by its words.
 */
import type { AttributeView } from './attributes.ts';
import { CodeError } from './code.ts';
import { type CommunityKind, type CommunityPattern, parseCommunity } from './community.ts';
import {
  type AttributeTest,
  attributeTest,
  type RouteSource,
  type RouteTest,
  routeTest,
} from './conditions.ts';
import type { Range } from './language.ts';
import { patternFault } from './pattern.ts';
import { buildPrefixTable, type PrefixEntry, type PrefixTable, parsePrefixEntry } from './prefix-set.ts';

/** By name; those that a file names. */
export interface CodeSets {
  readonly prefix: Readonly<Record<string, PrefixTable>>;
  readonly 'as-path': Readonly<Record<string, readonly string[]>>;
  readonly as: Readonly<Record<string, readonly Range[]>>;
  readonly community: Readonly<Record<string, readonly CommunityPattern[]>>;
  readonly 'large-community': Readonly<Record<string, readonly CommunityPattern[]>>;
  readonly 'ext-community': Readonly<Record<string, readonly CommunityPattern[]>>;
}
export type SetKind = keyof CodeSets;

export const NO_SETS: CodeSets = {
  prefix: {},
  'as-path': {},
  as: {},
  community: {},
  'large-community': {},
  'ext-community': {},
};

/** Methods of a route, and the kind of set that each takes. */
export const SET_METHODS: Readonly<Record<string, SetKind>> = {
  isIn: 'prefix',
  matchesPath: 'as-path',
  comesFrom: 'as',
  hasCommunity: 'community',
  hasLargeCommunity: 'large-community',
  hasExtCommunity: 'ext-community',
};

/** What a word is that names no set; else what is wrong with it. */
const READ: {
  readonly [K in SetKind]: (
    text: string,
  ) => PrefixEntry | CommunityPattern | Range | { path: string } | string;
} = {
  prefix: parsePrefixEntry,
  'as-path': (text) => {
    const fault = patternFault(text);
    return fault === undefined ? { path: text } : `the expression "${text}" ${fault}`;
  },
  as: (text) => {
    const [, first, , last = first] = /^(\d{1,10})(-(\d{1,10}))?$/.exec(text) ?? [];
    return first === undefined
      ? `must be an AS number, or a range like 64510-64519, not ${text}`
      : [Number(first), Number(last)];
  },
  community: (text) => parseCommunity('community', text),
  'large-community': (text) => parseCommunity('large-community', text),
  'ext-community': (text) => parseCommunity('ext-community', text),
};

/** What is wrong with a word where no set of that name is known. */
export function whyNoSet(kind: SetKind, word: string): string | undefined {
  // An expression may be any word: one that has none of its signs was meant as a name.
  if (kind === 'as-path' && /^[A-Za-z][\w-]*$/.test(word)) return 'is no expression';
  const read = READ[kind](word);
  return typeof read === 'string' ? read : undefined;
}

const MOST_KEPT = 1000;

type AttributeKind = Exclude<SetKind, 'prefix'>;

/** One for each policy: what it asked before. */
export class CodeTests {
  readonly #sets: CodeSets;
  /** By what is asked, and the words. */
  readonly #attributes: Readonly<Record<AttributeKind, Map<string, AttributeTest>>> = {
    'as-path': new Map(),
    as: new Map(),
    community: new Map(),
    'large-community': new Map(),
    'ext-community': new Map(),
  };
  readonly #routes = new Map<string, RouteTest>();

  constructor(sets: CodeSets) {
    this.#sets = sets;
  }

  isIn(words: readonly unknown[], source: RouteSource, id: number): boolean {
    const key = keyOf(words);
    let test = this.#routes.get(key);
    if (test === undefined) {
      const own: PrefixEntry[] = [];
      const tables = texts(words).flatMap((word) => {
        const set = known(this.#sets.prefix, word);
        if (set !== undefined) return [set];
        own.push(this.#read('prefix', word) as PrefixEntry);
        return [];
      });
      test = routeTest(
        { kind: 'prefix', tables: own.length > 0 ? [...tables, buildPrefixTable(own)] : tables },
        source,
      );
      keep(this.#routes, key, test);
    }
    return test.holds(id, 0, 0);
  }

  matchesPath(words: readonly unknown[], view: AttributeView): boolean {
    return this.#holds('as-path', words, view, (all) => {
      const patterns = all.flatMap(
        (word) =>
          known(this.#sets['as-path'], word) ?? [(this.#read('as-path', word) as { path: string }).path],
      );
      return attributeTest({ kind: 'as-path', patterns });
    });
  }

  comesFrom(words: readonly unknown[], view: AttributeView): boolean {
    return this.#holds('as', words, view, (all) => {
      const ranges = all.flatMap((word) => known(this.#sets.as, word) ?? [this.#read('as', word) as Range]);
      return attributeTest({ kind: 'number', of: 'origin-as', ranges });
    });
  }

  hasCommunity(of: CommunityKind, words: readonly unknown[], view: AttributeView): boolean {
    return this.#holds(of, words, view, (all) => {
      const patterns = all.flatMap(
        (word) => known(this.#sets[of], word) ?? [this.#read(of, word) as CommunityPattern],
      );
      return attributeTest({ kind: 'communities', of, patterns });
    });
  }

  #holds(
    what: AttributeKind,
    words: readonly unknown[],
    view: AttributeView,
    make: (words: readonly string[]) => AttributeTest,
  ): boolean {
    const key = keyOf(words);
    const known = this.#attributes[what];
    let test = known.get(key);
    if (test === undefined) keep(known, key, (test = make(texts(words))));
    return test.holds(view);
  }

  #read(kind: SetKind, word: string): unknown {
    const read = READ[kind](word);
    if (typeof read !== 'string') return read;
    throw new CodeError(
      `"${word}": ${read}; and there is no set of that name (sets are found whose names stand in the file as they are)`,
    );
  }
}

/** One word stands in the file as it is, so that its hash is known: nothing is to be put together. */
function keyOf(words: readonly unknown[]): string {
  const [only] = words;
  return words.length === 1 && typeof only === 'string' ? only : words.join('\n');
}

function texts(words: readonly unknown[]): string[] {
  // They come from another context, whose arrays are no arrays here.
  return Array.from(words, (word) => String(word));
}

function known<T>(sets: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(sets, name) ? sets[name] : undefined;
}

function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, value);
}
