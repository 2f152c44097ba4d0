/** What the lines of one entry of a route map say: when it matches, and what it sets. */
import { aclName, communityText, type Lists, listed, type TextKind } from './lists.ts';
import type { Names } from './names.ts';
import { type Block, blockText } from './prefixes.ts';
import type { Line } from './read.ts';
import type { Report } from './report.ts';

export type Conditions = Record<string, string[]>;

/** One way for an entry to match: all of "if" holds, and none of what "unless" has. */
export interface Alternative {
  readonly if: Conditions;
  readonly unless: readonly Conditions[];
}

export interface Entry {
  readonly order: number;
  readonly permit: boolean;
  readonly lines: Line[];
}

/** An entry as it was understood. */
export interface ReadEntry {
  readonly order: number;
  readonly permit: boolean;
  /** It matches where one of them holds; none: never. */
  readonly alternatives: readonly Alternative[];
  readonly set: Record<string, unknown>;
  /** The route map that is called. */
  readonly call: string | undefined;
  /** After a match, on with the next entry, or with the first that has this number or a higher one; undefined: it ends. */
  readonly goOn: number | undefined;
}

/** Why a line has no counterpart. */
class Unknown extends Error {}
/** A condition that can never hold. */
class Never extends Error {}

export class EntryReader {
  /** The sets that conditions name, by the key under which they stand. */
  readonly sets: Record<string, Record<string, unknown>> = {};
  readonly #lists: Lists;
  readonly #names: Names;
  readonly #report: Report;

  constructor(lists: Lists, names: Names, report: Report) {
    this.#lists = lists;
    this.#names = names;
    this.#report = report;
  }

  read({ order, permit, lines }: Entry): ReadEntry {
    let alternatives: readonly Alternative[] = [only({})];
    const set: Record<string, unknown> = {};
    let call: string | undefined;
    let goOn: number | undefined;
    for (const line of lines) {
      const [verb = '', ...rest] = line.words;
      try {
        if (verb === 'match') alternatives = cross(alternatives, this.#match(rest));
        else if (verb === 'set') this.#set(rest, set);
        else if (verb === 'call') call = rest[0];
        else if (verb === 'on-match' || verb === 'continue')
          goOn = /^\d+$/.test(rest.at(-1) ?? '') ? Number(rest.at(-1)) : order;
        else if (verb !== 'description') throw new Unknown('graftd knows nothing like it');
        this.#report.carried++;
      } catch (error) {
        if (!(error instanceof Unknown || error instanceof Never)) throw error;
        // What graftd cannot ask lets nothing through: such an entry permits nothing, or denies more.
        if (verb === 'match' && (permit || error instanceof Never)) alternatives = [];
        const then = verb === 'match' ? `; ${consequence(permit, error)}` : '';
        this.#report.leave(line, error.message + then);
      }
    }
    return { order, permit, alternatives, set: permit ? set : {}, call, goOn };
  }

  /** The ways in which a "match" can hold. */
  #match(words: readonly string[]): Alternative[] {
    const [what = '', second = '', third = '', fourth = ''] = words;
    if (what === 'ip' || what === 'ipv6')
      return [only(this.#matchAddress(what === 'ipv6', second, third, fourth))];
    switch (what) {
      case 'as-path':
        return this.#matchList('as-path', second);
      case 'community':
      case 'large-community':
      case 'extcommunity': {
        if (words.length > 2 && third !== 'any') throw new Unknown(`"${third}" has no counterpart`);
        return this.#matchList(what === 'extcommunity' ? 'ext-community' : what, second);
      }
      case 'metric':
        return [only({ med: [second] })];
      case 'local-preference':
        return [only({ 'local-pref': [second] })];
      case 'origin':
        return [only({ origin: [second] })];
      case 'rpki': {
        const state = second === 'notfound' ? 'not-found' : second;
        if (!['not-found', 'valid', 'invalid'].includes(state))
          throw new Unknown('the RPKI says no such thing');
        return [only({ rpki: [state] })];
      }
      case 'src-peer':
        if (!/^[\d.]+$|:/.test(second)) throw new Unknown('a neighbour is told by its address');
        return [only({ 'learned-from': [second] })];
      case 'source-protocol': {
        const protocol = { bgp: 'bgp', static: 'static', connected: 'static' }[second];
        if (protocol === undefined) throw new Unknown(`graftd has no routes of ${second}`);
        return [only({ protocol: [protocol] })];
      }
      case 'peer':
        if (!/^[\d.]+$|:/.test(second)) throw new Unknown('a neighbour is told by its address');
        return [only({ neighbor: [second] })];
      default:
        throw new Unknown('graftd has no such condition');
    }
  }

  #matchAddress(ipv6: boolean, what: string, form: string, name: string): Conditions {
    const key = what === 'next-hop' ? 'next-hop' : 'prefix';
    if (what === 'address' && form === 'prefix-len') return { length: [name], family: [family(ipv6)] };
    if (form === 'prefix-list') return { [key]: [this.prefixSet(name, ipv6)] };
    if (what === 'next-hop' && form === 'address') return { 'next-hop': [name] };
    if (what === 'address' && name === '') return { prefix: [this.prefixSet(aclName(form), ipv6)] };
    if (what === 'next-hop' && name === '') {
      return { 'next-hop': [/^[\d.]+$|:/.test(form) ? form : this.prefixSet(aclName(form), ipv6)] };
    }
    throw new Unknown('graftd has no such condition');
  }

  #matchList(kind: TextKind, name: string): Alternative[] {
    const tests = this.#lists.tests(kind, name);
    if (tests === undefined) throw new Never(`there is no such list`);
    const [first] = tests;
    if (first === undefined) throw new Never('the list permits nothing');
    if (tests.length === 1 && first.none.length === 0 && first.some.length > 0) {
      return [only({ [kind]: [this.#textSet(kind, name, first.some)] })];
    }
    return tests.map(({ some, none }) => ({
      if: some.length > 0 ? { [kind]: [...some] } : {},
      unless: none.length > 0 ? [{ [kind]: [...none] }] : [],
    }));
  }

  #textSet(kind: TextKind, name: string, some: readonly string[]): string {
    const set = this.#names.of(`${kind} ${name}`, name);
    (this.sets[`${kind}-sets`] ??= {})[set] = some;
    return set;
  }

  /** The set of what a prefix list permits. */
  prefixSet(name: string, ipv6: boolean): string {
    const blocks = this.#lists.blocks(name, ipv6);
    if (blocks === undefined) throw new Never('there is no such list');
    if (blocks === 'too much') throw new Unknown('what it denies leaves too many pieces of what it permits');
    if (blocks.length === 0) throw new Never('the list permits nothing');
    const set = this.#names.of(`${ipv6 ? 'ipv6' : 'ip'} prefix-list ${name}`, name.replace(/^acl /, ''));
    (this.sets['prefix-sets'] ??= {})[set] = [...new Set(blocks.map((block: Block) => blockText(block)))];
    return set;
  }

  /** As prefixSet; undefined where it is empty, or cannot be. */
  prefixSetOf(name: string, ipv6: boolean): string | undefined {
    try {
      return this.prefixSet(name, ipv6);
    } catch (error) {
      if (error instanceof Never) return undefined;
      throw error;
    }
  }

  #set(words: readonly string[], set: Record<string, unknown>): void {
    const [what = '', ...rest] = words;
    const [first = ''] = rest;
    switch (what) {
      case 'local-preference':
        set['local-pref'] = changeOf(first);
        return;
      case 'tag':
        // Of other protocols: what BGP tells has none.
        return;
      case 'weight':
        set['weight'] = changeOf(first);
        return;
      case 'metric':
        set['med'] = changeOf(first);
        return;
      case 'origin':
        set['origin'] = first;
        return;
      case 'community':
        this.#setCommunities('community', rest, set);
        return;
      case 'large-community':
        this.#setCommunities('large-community', rest, set);
        return;
      case 'extcommunity':
        this.#setExtended(rest, set);
        return;
      case 'comm-list': {
        this.#deleteList('community', first, set);
        return;
      }
      case 'large-comm-list': {
        this.#deleteList('large-community', first, set);
        return;
      }
      case 'extended-comm-list': {
        this.#deleteList('ext-community', first, set);
        return;
      }
      case 'as-path':
        if (first !== 'prepend' || rest[1] === 'last-as')
          throw new Unknown('graftd can only put given ASes in front of a path');
        set['prepend-as'] = rest.slice(1).map(Number);
        return;
      case 'ip':
      case 'ipv6': {
        this.#setNextHop(rest, set);
        return;
      }
      default:
        throw new Unknown('graftd has no such change');
    }
  }

  #setCommunities(
    kind: 'community' | 'large-community',
    words: readonly string[],
    set: Record<string, unknown>,
  ): void {
    const additive = words.at(-1) === 'additive';
    const given = additive ? words.slice(0, -1) : words;
    const values =
      given[0] === 'none'
        ? []
        : given.map((word) => (kind === 'community' ? communityText(word) : listed(kind, word)));
    if (values.includes(undefined))
      throw new Unknown(`"${given[values.indexOf(undefined)]}" is no community that graftd knows`);
    if (additive) merge(set, kind, { add: values });
    // What was deleted before is gone in any case.
    else set[kind] = { set: values };
  }

  #setExtended(words: readonly string[], set: Record<string, unknown>): void {
    if (words[0] === 'none') {
      merge(set, 'ext-community', { set: [] });
      return;
    }
    const values = words.slice(1).map((word) => listed('ext-community', `${words[0]} ${word}`));
    if (values.length === 0 || values.includes(undefined))
      throw new Unknown('graftd sets route targets and sites of origin only');
    // FRR puts these in place of others of their kind, and leaves the rest.
    const others = words[0] === 'rt' ? '/^rt:/' : '/^ro:/';
    merge(set, 'ext-community', { remove: [others], add: values });
  }

  #deleteList(kind: TextKind, name: string, set: Record<string, unknown>): void {
    const tests = this.#lists.tests(kind, name);
    if (tests === undefined || tests.length === 0)
      throw new Unknown('there is no such list: nothing is deleted');
    const [test] = tests;
    if (tests.length > 1 || test === undefined || test.none.length > 0)
      throw new Unknown('a list that denies cannot say what to delete');
    // FRR does one after the other, graftd removes first and adds then.
    const { add = [], ...rest } = (set[kind] ?? {}) as { add?: readonly string[] };
    const kept = add.filter((text) => test.some.length > 0 && !test.some.includes(text));
    set[kind] = kept.length > 0 ? { ...rest, add: kept } : rest;
    merge(set, kind, { remove: test.some.length === 0 ? ['/.*/'] : [this.#textSet(kind, name, test.some)] });
  }

  #setNextHop(words: readonly string[], set: Record<string, unknown>): void {
    const [what = '', first = '', second = ''] = words;
    // Of a global and a link-local one both are told on, and nobody forwards by either here.
    if (first === 'prefer-global') return;
    const address = what === 'next-hop' ? (first === 'global' ? second : first) : '';
    if (address === 'peer-address')
      throw new Unknown(
        'the address of the neighbour cannot be put by a policy; "next-hop-self" puts our own',
      );
    if (!/^[\d.]+$|:/.test(address)) throw new Unknown('graftd sets a next hop by its address only');
    set['next-hop'] = address;
  }
}

function consequence(permit: boolean, error: Error): string {
  if (error instanceof Never) return 'the entry never matches';
  return permit ? 'the entry is left out' : 'the entry denies whatever its other conditions hold for';
}

/** Each way of one with each of the other. */
function cross(left: readonly Alternative[], right: readonly Alternative[]): Alternative[] {
  return left.flatMap((a) => right.map((b) => both(a, b)));
}

function both(a: Alternative, b: Alternative): Alternative {
  for (const key of Object.keys(b.if))
    if (key in a.if) throw new Unknown(`a second condition of "${key}" in one entry`);
  return { if: { ...a.if, ...b.if }, unless: [...a.unless, ...b.unless] };
}

function only(conditions: Conditions): Alternative {
  return { if: conditions, unless: [] };
}

function merge(set: Record<string, unknown>, key: string, value: Record<string, unknown>): void {
  set[key] = { ...(set[key] as Record<string, unknown> | undefined), ...value };
}

/** "100", "+10", "-10"; FRR has words too. */
function changeOf(word: string): number | string {
  if (!/^[+-]?\d+$/.test(word)) throw new Unknown('graftd takes a number here, or one to add');
  return /^\d/.test(word) ? Number(word) : word;
}

export function family(ipv6: boolean): string {
  return ipv6 ? 'ipv6-unicast' : 'ipv4-unicast';
}
