/**
 * Lists of FRR (prefixes, addresses, AS paths, communities): ordered, each entry permits or denies, and what no entry
 * matches is denied. Prefix lists become sets; of the others, what is permitted becomes a test, and what is denied before it an
 * exception of that test.
 */
import { type Block, type Entry, parseEntry, permitted } from './prefixes.ts';
import type { Line } from './read.ts';
import type { Report } from './report.ts';

export type TextKind = 'as-path' | 'community' | 'large-community' | 'ext-community';

/** An entry of a list of texts: AS path expressions, communities. */
interface TextEntry {
  readonly permit: boolean;
  /** As it stands in a policy; undefined: everything. */
  readonly text: string | undefined;
  readonly order: number;
}

interface PrefixEntryAt extends Entry {
  readonly order: number;
}

/** A test of a policy statement: one of these, but none of those. */
export interface Test {
  readonly some: readonly string[];
  readonly none: readonly string[];
}

const WELL_KNOWN: Readonly<Record<string, string>> = {
  'no-export': 'no-export',
  'no-advertise': 'no-advertise',
  'local-AS': 'no-export-subconfed',
  'local-as': 'no-export-subconfed',
  'no-peer': 'no-peer',
  // No community at all, but FRR has it as 0:0 where it is set.
  internet: '0:0',
  blackhole: 'blackhole',
  // RFC 7611, RFC 7611 2.2, and RFC 9494.
  'accept-own': '65535:1',
  'accept-own-nexthop': '65535:8',
  'llgr-stale': '65535:6',
  'no-llgr': '65535:7',
  'graceful-shutdown': 'graceful-shutdown',
};

/** A community as policies have it; undefined where graftd knows none of that name. */
export function communityText(word: string): string | undefined {
  if (/^\d+:\d+$/.test(word)) return word;
  if (/^\d+$/.test(word) && Number(word) <= 0xffffffff)
    return `${Math.floor(Number(word) / 65536)}:${Number(word) % 65536}`;
  return WELL_KNOWN[word];
}

export class Lists {
  readonly #report: Report;
  readonly #prefixes = { ipv4: new Map<string, PrefixEntryAt[]>(), ipv6: new Map<string, PrefixEntryAt[]>() };
  readonly #texts = new Map<string, TextEntry[]>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** Takes a line that defines an entry of a list; false where it is none. */
  take(line: Line): boolean {
    const words =
      line.words[0] === 'bgp' || line.words[0] === 'ip' || line.words[0] === 'ipv6'
        ? line.words.slice(1)
        : line.words;
    const ipv6 = line.words[0] === 'ipv6';
    const [kind = ''] = words;
    if (!KINDS.has(kind)) return false;
    if (line.no) this.#report.leave(line, 'it takes an entry back');
    else if (kind === 'prefix-list') this.#prefixEntry(line, words, ipv6);
    else if (kind === 'access-list') this.#accessEntry(line, words, ipv6);
    else if (kind === 'as-path') this.#pathEntry(line, words);
    else this.#communityEntry(line, words, kind);
    return true;
  }

  /** What a prefix list permits; undefined where there is no such list. */
  blocks(name: string, ipv6: boolean): Block[] | 'too much' | undefined {
    const entries = this.#prefixes[ipv6 ? 'ipv6' : 'ipv4'].get(name);
    if (entries === undefined) return undefined;
    return permitted(entries.toSorted((a, b) => a.order - b.order)) ?? 'too much';
  }

  /** The tests of a list, of which one must hold; undefined where there is no such list. A test of no texts holds always. */
  tests(kind: TextKind, name: string): Test[] | undefined {
    const entries = this.#texts.get(`${kind} ${name}`)?.toSorted((a, b) => a.order - b.order);
    if (entries === undefined) return undefined;
    const tests: { some: string[]; none: string[] }[] = [];
    const denied: string[] = [];
    for (const { permit, text } of entries) {
      if (!permit) {
        if (text === undefined) break;
        denied.push(text);
        continue;
      }
      if (text === undefined) {
        tests.push({ some: [], none: [...denied] });
        break;
      }
      const last = tests.at(-1);
      if (last !== undefined && last.none.length === denied.length) last.some.push(text);
      else tests.push({ some: [text], none: [...denied] });
    }
    return tests.map(({ some, none }) => ({ some: [...new Set(some)], none: [...new Set(none)] }));
  }

  /** "prefix-list NAME [seq N] permit|deny PREFIX [ge N] [le N]" */
  #prefixEntry(line: Line, words: readonly string[], ipv6: boolean): void {
    const [, name = '', ...rest] = words;
    if (rest[0] === 'description') {
      this.#report.carried++;
      return;
    }
    const entries = this.#prefixes[ipv6 ? 'ipv6' : 'ipv4'];
    const { order, permit, what } = ordered(rest, entries.get(name)?.length ?? 0);
    const block = permit === undefined ? undefined : parseEntry(what, ipv6);
    if (block === undefined || permit === undefined) {
      this.#report.leave(line, 'it is no prefix with a range of lengths');
      return;
    }
    push(entries, name, { ...block, permit, order });
    this.#report.carried++;
  }

  /** "access-list NAME [seq N] permit|deny PREFIX [exact-match]"; numbered ones have wildcards. */
  #accessEntry(line: Line, words: readonly string[], ipv6: boolean): void {
    const [, name = '', ...rest] = words;
    if (rest[0] === 'remark') {
      this.#report.carried++;
      return;
    }
    const entries = this.#prefixes[ipv6 ? 'ipv6' : 'ipv4'];
    const { order, permit, what } = ordered(rest, entries.get(aclName(name))?.length ?? 0);
    const exact = what.at(-1) === 'exact-match';
    const prefix = exact ? what.slice(0, -1) : what;
    const block = permit === undefined ? undefined : parseEntry(prefix, ipv6);
    if (block === undefined || permit === undefined) {
      this.#report.leave(line, 'addresses with wildcards are not known');
      return;
    }
    // An access list matches what is within, a prefix list only what is like it.
    const within = { ...block, to: exact ? block.length : ipv6 ? 128 : 32 };
    push(entries, aclName(name), { ...within, permit, order });
    this.#report.carried++;
  }

  /** "as-path access-list NAME [seq N] permit|deny EXPRESSION" */
  #pathEntry(line: Line, words: readonly string[]): void {
    const [, , name = '', ...rest] = words;
    const key = `as-path ${name}`;
    const { order, permit, what } = ordered(rest, this.#texts.get(key)?.length ?? 0);
    if (permit === undefined || what.length === 0) {
      this.#report.leave(line, 'it is no expression');
      return;
    }
    const text = what.join(' ');
    push(this.#texts, key, { permit, order, text: text === '.*' ? undefined : text });
    this.#report.carried++;
  }

  /** "community-list [standard|expanded] NAME [seq N] permit|deny …"; the large and the extended ones are alike. */
  #communityEntry(line: Line, words: readonly string[], keyword: string): void {
    const kind = COMMUNITY_KINDS[keyword] as TextKind;
    const [, second = ''] = words;
    const form = second === 'standard' || second === 'expanded' ? second : undefined;
    const [name = '', ...rest] = words.slice(form === undefined ? 1 : 2);
    // Numbers up to 99 are standard lists, from 100 on expanded ones.
    const expanded = form === undefined ? Number(name) >= 100 : form === 'expanded';
    const key = `${kind} ${name}`;
    const { order, permit, what } = ordered(rest, this.#texts.get(key)?.length ?? 0);
    if (permit === undefined || what.length === 0) {
      this.#report.leave(line, 'it names no community');
      return;
    }
    if (expanded) {
      const text = what.join(' ');
      const everything = text === '.*';
      push(this.#texts, key, { permit, order, text: everything ? undefined : `/${text}/` });
      if (everything) this.#report.carried++;
      else
        this.#report.note(
          line,
          'FRR looks for the expression in all communities of a route in a row, graftd in each by itself',
        );
      return;
    }
    if (what[0] === 'internet') {
      push(this.#texts, key, { permit, order, text: undefined });
      this.#report.carried++;
      return;
    }
    const items = kind === 'ext-community' ? pairs(what) : what;
    const texts = items.map((item) => listed(kind, item));
    if (texts.length !== 1) {
      this.#report.leave(line, 'an entry that wants several communities at once has no counterpart');
      return;
    }
    if (texts[0] === undefined) {
      this.#report.leave(line, `"${items[0]}" is no community that graftd knows`);
      return;
    }
    push(this.#texts, key, { permit, order, text: texts[0] });
    this.#report.carried++;
  }
}

const COMMUNITY_KINDS: Readonly<Record<string, TextKind>> = {
  'community-list': 'community',
  'large-community-list': 'large-community',
  'extcommunity-list': 'ext-community',
};
const KINDS = new Set(['prefix-list', 'access-list', 'as-path', ...Object.keys(COMMUNITY_KINDS)]);

/** Access lists and prefix lists have names of their own. */
export function aclName(name: string): string {
  return `acl ${name}`;
}

export function listed(kind: TextKind, item: string): string | undefined {
  if (kind === 'community') return communityText(item);
  if (kind === 'large-community') return /^\d+:\d+:\d+$/.test(item) ? item : undefined;
  const parts = /^(rt|soo) ([\d.]+:\d+)$/.exec(item);
  return parts === null ? undefined : `${parts[1] === 'rt' ? 'rt' : 'ro'}:${parts[2]}`;
}

/** "rt 1:2 soo 3:4" */
export function pairs(words: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < words.length; i += 2) found.push(`${words[i]} ${words[i + 1] ?? ''}`);
  return found;
}

/** "[seq N] permit|deny …"; without a number, the next one in steps of 5. */
function ordered(
  words: readonly string[],
  before: number,
): { order: number; permit: boolean | undefined; what: readonly string[] } {
  const numbered = words[0] === 'seq';
  const [action, ...what] = numbered ? words.slice(2) : words;
  const permit = action === 'permit' ? true : action === 'deny' ? false : undefined;
  return { order: numbered ? Number(words[1]) : (before + 1) * 5, permit, what };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const found = map.get(key);
  if (found === undefined) map.set(key, [value]);
  else found.push(value);
}
