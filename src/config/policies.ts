/**
 * From what the file says of sets and policies to the definitions that blades compile: every name replaced by what it stands for,
 * files of prefixes read, and each policy with those that it calls under a key that says what is in it.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { readTrouble } from '../base/file-trouble.ts';
import { familyBits } from '../bgp/families.ts';
import type { CodeSets, SetKind } from '../policy/code-sets.ts';
import type { CommunityKind, CommunityPattern } from '../policy/community.ts';
import type {
  Action,
  Condition,
  NeighborTest,
  NumberOf,
  Policy,
  PolicyDefinition,
  Range,
  Statement,
} from '../policy/language.ts';
import { PROTOCOL } from '../policy/language.ts';
import {
  buildPrefixTable,
  type PrefixEntry,
  type PrefixTable,
  readPrefixLines,
} from '../policy/prefix-set.ts';
import { isCodeReference } from './kinds.ts';
import {
  type actionKeys,
  type conditionKeys,
  ORIGINS,
  type policyKeys,
  type statementKeys,
  VALIDITIES,
} from './policy-keys.ts';
import type { NeighborItem, NumberChange } from './policy-kinds.ts';
import type { Values } from './shapes.ts';

export type PolicyValues = Values<typeof policyKeys>;
type StatementValues = Values<typeof statementKeys>;
type ConditionValues = Values<typeof conditionKeys>;
type ActionValues = Values<typeof actionKeys>;

/** Reads a text file; throws what is wrong. */
export type ReadText = (path: string) => string;
type Complain = (path: string, message: string) => void;

/** Mistakes of one file that are said. */
const MOST_MISTAKES = 10;

export class Policies {
  readonly #values: PolicyValues;
  readonly #folder: string;
  readonly #read: ReadText;
  readonly #complain: Complain;
  /** By name. What stands in a file is known by the hash of its text. */
  readonly #tables = new Map<string, { readonly table: PrefixTable; readonly hash: string }>();
  readonly #policies = new Map<string, Policy>();
  /** By table: what stands in it. */
  readonly #hashes = new Map<PrefixTable, string>();

  /** `values` are without mistakes by themselves. */
  constructor(values: PolicyValues, folder: string, read: ReadText, complain: Complain) {
    this.#values = values;
    this.#folder = folder;
    this.#read = read;
    this.#complain = complain;
    for (const name of Object.keys(values.prefixSets ?? {})) this.#readPrefixSet(name);
    for (const [name, statements] of Object.entries(values.policies ?? {}))
      if (this.#endsSomewhere(name, []))
        this.#policies.set(
          name,
          statements.map((statement) => this.#statement(statement)),
        );
  }

  /** One definition for each policy. */
  definitions(): PolicyDefinition[] {
    return [...this.#policies.keys()].map((name) => {
      const policies: Record<string, Policy> = {};
      this.#collect(name, policies);
      return { key: `${name}@${this.#hashOf(policies)}`, name, policies };
    });
  }

  setNames(kind: SetKind): string[] {
    return Object.keys((kind === 'prefix' ? this.#values.prefixSets : this.#plainSets()[kind]) ?? {});
  }

  /** The sets with these names, for policies in TypeScript; and what stands in them, as text. */
  setsNamed(names: ReadonlySet<string>): { readonly sets: CodeSets; readonly text: string } {
    const some = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
    const tables = some(Object.fromEntries(this.#tables));
    const plain = Object.entries(this.#plainSets()).map(([kind, all]) => [kind, some(all)]);
    const { 'as-path': paths, ...others } = Object.fromEntries(plain) as Record<SetKind, never>;
    const prefix = Object.fromEntries(Object.entries(tables).map(([name, { table }]) => [name, table]));
    const hashes = Object.entries(tables).map(([name, { hash }]) => [name, hash]);
    const expressions = Object.entries(paths as Record<string, { text: string }[]>).map(([name, all]) => [
      name,
      all.map(({ text }) => text),
    ]);
    const sets = {
      ...(others as Omit<CodeSets, 'prefix' | 'as-path'>),
      prefix,
      'as-path': Object.fromEntries(expressions),
    };
    return { sets, text: JSON.stringify([hashes, paths, others]) };
  }

  #plainSets(): Record<Exclude<SetKind, 'prefix'>, Readonly<Record<string, unknown>>> {
    const { asPathSets, asSets, communitySets, largeCommunitySets, extCommunitySets } = this.#values;
    return {
      'as-path': asPathSets ?? {},
      as: asSets ?? {},
      community: communitySets ?? {},
      'large-community': largeCommunitySets ?? {},
      'ext-community': extCommunitySets ?? {},
    };
  }

  #collect(name: string, into: Record<string, Policy>): void {
    if (name in into) return;
    const policy = this.#policies.get(name) ?? [];
    into[name] = policy;
    for (const { call } of policy) if (call !== undefined) this.#collect(call, into);
  }

  #hashOf(policies: Readonly<Record<string, Policy>>): string {
    const text = JSON.stringify(policies, (_, value) => this.#hashes.get(value) ?? value);
    return createHash('sha256').update(text).digest('hex').slice(0, 12);
  }

  #readPrefixSet(name: string): void {
    const path = `prefix-sets.${name}`;
    const value = this.#values.prefixSets?.[name] ?? [];
    if (Array.isArray(value)) {
      this.#addTable(name, value, JSON.stringify(value.map(plain)));
      return;
    }
    const entries: PrefixEntry[] = [...(value.prefixes ?? [])];
    let text = '';
    if (value.file !== undefined) {
      const before = entries.length;
      text = this.#readFile(value.file, `${path}.file`, entries) ?? '';
      if (entries.length === before && text !== '')
        this.#complain(`${path}.file`, `${value.file} holds no prefix`);
    } else if (value.prefixes === undefined) this.#complain(path, 'must name a file, or prefixes, or both');
    this.#addTable(name, entries, text + JSON.stringify((value.prefixes ?? []).map(plain)));
  }

  #readFile(file: string, path: string, into: PrefixEntry[]): string | undefined {
    let text: string;
    try {
      text = this.#read(resolve(this.#folder, file));
    } catch (error) {
      this.#complain(path, `cannot read ${file}: ${readTrouble(error)}`);
      return undefined;
    }
    let mistakes = 0;
    const wrong = (line: number, message: string): void => {
      if (++mistakes <= MOST_MISTAKES) this.#complain(path, `${file}:${line}: ${message}`);
    };
    for (const entry of readPrefixLines(text, wrong)) into.push(entry);
    if (mistakes > MOST_MISTAKES)
      this.#complain(path, `${file}: and ${mistakes - MOST_MISTAKES} more lines are wrong`);
    return text === '' ? '\n' : text;
  }

  #addTable(name: string, entries: readonly PrefixEntry[], text: string): void {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const table = buildPrefixTable(entries);
    this.#hashes.set(table, hash);
    this.#tables.set(name, { table, hash });
  }

  /** A policy that calls itself, around any corner, has no end. */
  #endsSomewhere(name: string, way: readonly string[]): boolean {
    const statements = this.#values.policies?.[name] ?? [];
    for (const [i, { call }] of statements.entries()) {
      if (call === undefined) continue;
      const path = `policies.${name}[${i}].call`;
      if (isCodeReference(call)) {
        if (way.length === 0)
          this.#complain(
            path,
            'must name a policy of this file; a function of another one stands at "import" or "export"',
          );
        return false;
      }
      if (call === 'accept' || call === 'reject') {
        if (way.length === 0)
          this.#complain(path, `write "then: ${call}"; "call" names a policy of this file`);
        return false;
      }
      if (call === name || way.includes(call)) {
        if (way.length === 0 || call === way[0])
          this.#complain(path, `goes round in a circle: ${[...way, name, call].join(' → ')}`);
        return false;
      }
      if (!this.#endsSomewhere(call, [...way, name])) return false;
    }
    return true;
  }

  #statement(values: StatementValues): Statement {
    const { name, call, then = 'next' } = values;
    return {
      ...(name === undefined ? {} : { name }),
      if: this.#conditions(values.if ?? {}),
      unless: this.#conditions(values.unless ?? {}),
      set: this.#actions(values.set ?? {}),
      ...(call === undefined ? {} : { call }),
      then,
    };
  }

  /** One row a key, in the order in which they are cheap. */
  #conditions(values: ConditionValues): Condition[] {
    const found: Condition[] = [];
    const numbers = (of: NumberOf, ranges: readonly Range[] | undefined): void => {
      if (ranges !== undefined) found.push({ kind: 'number', of, ranges });
    };
    const communities = (
      of: CommunityKind,
      patterns: readonly (CommunityPattern | string)[] | undefined,
    ): void => {
      if (patterns !== undefined)
        found.push({ kind: 'communities', of, patterns: this.#communities(of, patterns) });
    };
    if (values.neighbor) found.push({ kind: 'neighbor', neighbors: this.#neighbors(values.neighbor) });
    if (values.role) found.push({ kind: 'role', roles: values.role });
    if (values.family) found.push({ kind: 'family', families: familyBits(values.family) });
    if (values.length) found.push({ kind: 'length', ranges: values.length });
    numbers('path-length', values.pathLength);
    numbers('med', values.med);
    numbers('local-pref', values.localPref);
    numbers('weight', values.weight);
    numbers(
      'origin',
      values.origin?.map((name) => [ORIGINS.indexOf(name), ORIGINS.indexOf(name)]),
    );
    numbers('first-as', this.#ases(values.firstAs));
    numbers('origin-as', this.#ases(values.originAs));
    communities('community', values.community);
    communities('large-community', values.largeCommunity);
    communities('ext-community', values.extCommunity);
    if (values.nextHop) found.push({ kind: 'next-hop', tables: this.#prefixes(values.nextHop, true) });
    if (values.asPath) found.push({ kind: 'as-path', patterns: this.#paths(values.asPath) });
    if (values.rpki)
      found.push({ kind: 'rpki', states: values.rpki.map((name) => VALIDITIES.indexOf(name)) });
    if (values.learnedFrom)
      found.push({ kind: 'learned-from', neighbors: this.#neighbors(values.learnedFrom) });
    if (values.protocol)
      found.push({
        kind: 'protocol',
        protocols: values.protocol.reduce((bits, name) => bits | PROTOCOL[name], 0),
      });
    if (values.prefix) found.push({ kind: 'prefix', tables: this.#prefixes(values.prefix, false) });
    return found;
  }

  /** Sets as they are, and one table of all that stands there itself. A set of next hops has all within its prefixes. */
  #prefixes(items: readonly (PrefixEntry | string)[], addresses: boolean): PrefixTable[] {
    const names = items.filter((item) => typeof item === 'string');
    const own = items.filter((item) => typeof item !== 'string');
    const tables = names.flatMap((name) => this.#tables.get(name)?.table ?? []);
    if (own.length === 0) return tables;
    const table = buildPrefixTable(own);
    this.#hashes.set(table, JSON.stringify([addresses, own.map(plain)]));
    return [...tables, table];
  }

  #paths(items: readonly ({ readonly text: string } | string)[]): string[] {
    return items.flatMap((item) =>
      typeof item === 'string'
        ? (this.#values.asPathSets?.[item] ?? []).map(({ text }) => text)
        : [item.text],
    );
  }

  #ases(items: readonly (Range | string)[] | undefined): Range[] | undefined {
    return items?.flatMap((item) =>
      typeof item === 'string' ? (this.#values.asSets?.[item] ?? []) : [item],
    );
  }

  #communities(of: CommunityKind, items: readonly (CommunityPattern | string)[]): CommunityPattern[] {
    const sets: Readonly<Record<CommunityKind, Record<string, CommunityPattern[]> | undefined>> = {
      community: this.#values.communitySets,
      'large-community': this.#values.largeCommunitySets,
      'ext-community': this.#values.extCommunitySets,
    };
    return items.flatMap((item) => (typeof item === 'string' ? (sets[of]?.[item] ?? []) : [item]));
  }

  #neighbors(items: readonly (NeighborItem | string)[]): NeighborTest {
    const all = items.flatMap((item) =>
      typeof item === 'string' ? (this.#values.neighborSets?.[item] ?? []) : [item],
    );
    const prefixes = all.flatMap((item) => ('prefix' in item ? [item.prefix] : []));
    const as = all.flatMap((item) => ('as' in item ? [item.as] : []));
    const external = all.flatMap((item) => ('external' in item ? [item.external] : []));
    const addresses = buildPrefixTable(prefixes);
    this.#hashes.set(addresses, JSON.stringify(prefixes.map(plain)));
    return {
      ...(prefixes.length > 0 ? { addresses } : {}),
      ...(as.length > 0 ? { as } : {}),
      ...(external.length > 0 ? { external } : {}),
    };
  }

  #actions(values: ActionValues): Action[] {
    const actions: Action[] = [];
    const number = (of: 'med' | 'local-pref' | 'weight', change: NumberChange | string | undefined): void => {
      if (typeof change === 'string') actions.push({ kind: 'remove', of: 'med' });
      else if (change !== undefined) actions.push({ kind: 'number', of, ...change });
    };
    number('local-pref', values.localPref);
    number('weight', values.weight);
    number('med', values.med);
    if (values.origin) actions.push({ kind: 'origin', origin: ORIGINS.indexOf(values.origin) });
    const { nextHop, prepend, prependAs } = values;
    if (nextHop !== undefined)
      actions.push(nextHop === 'self' ? { kind: 'next-hop' } : { kind: 'next-hop', octets: nextHop });
    if (prependAs !== undefined) actions.push({ kind: 'prepend', ases: prependAs, times: 1 });
    if (prepend !== undefined) actions.push({ kind: 'prepend', times: prepend });
    actions.push(...this.#communityActions('community', values.community));
    actions.push(...this.#communityActions('large-community', values.largeCommunity));
    actions.push(...this.#communityActions('ext-community', values.extCommunity));
    return actions;
  }

  #communityActions(of: CommunityKind, change: ActionValues['community']): Action[] {
    const actions: Action[] = [];
    if (change?.set !== undefined)
      actions.push({ kind: 'communities', of, by: 'set', octets: change.set.flat() });
    if (change?.remove !== undefined)
      actions.push({ kind: 'communities', of, by: 'remove', patterns: this.#communities(of, change.remove) });
    if (change?.add !== undefined)
      actions.push({ kind: 'communities', of, by: 'add', octets: change.add.flat() });
    return actions;
  }
}

function plain({ bytes, length, from, to }: PrefixEntry): unknown {
  return [...bytes, length, from, to];
}
