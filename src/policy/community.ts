/**
 * Communities of the three kinds as policies name them: exactly, with `*` or a range for a part, or as a regular
 * expression over what `show routes` prints.
 *
 *   standard (RFC 1997)  65000:100   65000:*   65000:100-199   no-export   /^65000:1..$/
 *   large (RFC 8092)     65000:1:2   65000:*:*
 *   extended (RFC 4360)  rt:65000:1  ro:192.0.2.1:5   rt:65000:*   0x0002fde800000001
 */
import { formatIpv4, parseIpv4 } from '../base/address.ts';
import { u16, u32 } from '../bgp/bytes.ts';
import { Pattern, patternFault } from './pattern.ts';

export type CommunityKind = 'community' | 'large-community' | 'ext-community';

/** Octets of one. */
export const COMMUNITY_SIZE: Readonly<Record<CommunityKind, number>> = {
  community: 4,
  'large-community': 12,
  'ext-community': 8,
};

/** By kind of pattern: its parts as ranges; the octets as they are; a regular expression. */
export type CommunityPattern =
  | { readonly form: 'parts'; readonly type?: number; readonly parts: readonly (readonly [number, number])[] }
  | { readonly form: 'octets'; readonly octets: readonly number[] }
  | { readonly form: 'expression'; readonly text: string };

export const WELL_KNOWN_COMMUNITIES: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff0000,
  blackhole: 0xffff029a,
  'no-export': 0xffffff01,
  'no-advertise': 0xffffff02,
  'no-export-subconfed': 0xffffff03,
  'no-peer': 0xffffff04,
};

const ANY16 = [0, 0xffff] as const;
const ANY32 = [0, 0xffffffff] as const;
const SUBTYPES: Readonly<Record<string, number>> = { rt: 2, ro: 3, soo: 3 };
const EXAMPLES: Readonly<Record<CommunityKind, string>> = {
  community: '65000:100, 65000:* or no-export',
  'large-community': '65000:1:2 or 65000:*:*',
  'ext-community': 'rt:65000:1, ro:65000:* or 0x0002fde800000001',
};

/** The pattern, or what is wrong with the text. */
export function parseCommunity(kind: CommunityKind, text: string): CommunityPattern | string {
  if (text.startsWith('/')) {
    if (text.length < 2 || !text.endsWith('/')) return 'a regular expression ends in "/", as it begins';
    const fault = patternFault(text.slice(1, -1));
    return fault === undefined ? { form: 'expression', text: text.slice(1, -1) } : `the expression ${fault}`;
  }
  const parsed = kind === 'ext-community' ? parseExtended(text) : parsePlain(kind, text);
  return parsed ?? `must be like ${EXAMPLES[kind]}, not ${text}`;
}

function parsePlain(kind: CommunityKind, text: string): CommunityPattern | undefined {
  const known = kind === 'community' ? WELL_KNOWN_COMMUNITIES[text.toLowerCase()] : undefined;
  if (known !== undefined) return parts([exactly(known >>> 16), exactly(known & 0xffff)]);
  const any = kind === 'community' ? ANY16 : ANY32;
  const texts = text.split(':');
  const ranges = texts.map((part) => parseRangeOf(part, any));
  if (texts.length !== (kind === 'community' ? 2 : 3) || ranges.includes(undefined)) return undefined;
  return parts(ranges as (readonly [number, number])[]);
}

function parts(ranges: readonly (readonly [number, number])[], type?: number): CommunityPattern {
  return type === undefined ? { form: 'parts', parts: ranges } : { form: 'parts', type, parts: ranges };
}

function exactly(value: number): readonly [number, number] {
  return [value, value];
}

function parseRangeOf(text: string, any: readonly [number, number]): readonly [number, number] | undefined {
  if (text === '*') return any;
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  return from <= to && to <= any[1] ? [from, to] : undefined;
}

/** Types 0 (2-octet AS), 1 (IPv4 address) and 2 (4-octet AS) by name; anything else as octets. */
function parseExtended(text: string): CommunityPattern | undefined {
  if (/^0x[0-9a-f]{16}$/i.test(text)) {
    return { form: 'octets', octets: [...Buffer.from(text.slice(2), 'hex')] };
  }
  const [name = '', high = '', low = '', ...rest] = text.toLowerCase().split(':');
  const subtype = SUBTYPES[name];
  if (subtype === undefined || rest.length > 0) return undefined;
  const address = parseIpv4(high);
  if (address !== undefined) {
    const number = parseRangeOf(low, ANY16);
    return number && parts([exactly(address), number], 0x0100 | subtype);
  }
  const as = parseRangeOf(high, ANY32);
  if (as === undefined) return undefined;
  const wide = as[1] > 0xffff && high !== '*';
  const number = parseRangeOf(low, wide ? ANY16 : ANY32);
  return number && parts([as, number], wide ? 0x0200 | subtype : subtype);
}

/** The one community that a pattern stands for, in octets; undefined where it is one of many. */
export function communityOctets(kind: CommunityKind, pattern: CommunityPattern): number[] | undefined {
  if (pattern.form === 'octets') return [...pattern.octets];
  if (pattern.form === 'expression' || pattern.parts.some(([from, to]) => from !== to)) return undefined;
  const [a = 0, b = 0, c = 0] = pattern.parts.map(([from]) => from);
  if (kind === 'community') return [...pair(a), ...pair(b)];
  if (kind === 'large-community') return [...quad(a), ...quad(b), ...quad(c)];
  const type = pattern.type as number;
  return type < 0x100 ? [...pair(type), ...pair(a), ...quad(b)] : [...pair(type), ...quad(a), ...pair(b)];
}

function pair(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

function quad(value: number): number[] {
  return [...pair(value >>> 16), ...pair(value)];
}

export interface CommunityTest {
  /** Does the community at `at` match? */
  matches(bytes: Uint8Array, at: number): boolean;
}

/** One test for a whole list of patterns: those that name one community each are looked up, whatever their number. */
export function communityTest(kind: CommunityKind, patterns: readonly CommunityPattern[]): CommunityTest {
  const exact = new Set<number>();
  const tests: CommunityTest[] = [];
  for (const pattern of patterns) {
    const octets = kind === 'community' ? communityOctets(kind, pattern) : undefined;
    if (octets !== undefined) exact.add(u32(Uint8Array.from(octets), 0));
    else tests.push(testOf(kind, pattern));
  }
  if (exact.size > 0) tests.push(new Exact(exact));
  return tests.length === 1 ? (tests[0] as CommunityTest) : new AnyOf(tests);
}

function testOf(kind: CommunityKind, pattern: CommunityPattern): CommunityTest {
  if (pattern.form === 'octets') return new SameOctets(pattern.octets);
  if (pattern.form === 'expression') return new Expression(kind, pattern.text);
  if (kind === 'ext-community') return new ExtendedParts(pattern.type ?? 0, pattern.parts);
  return new Parts(COMMUNITY_SIZE[kind] === 4 ? 2 : 4, pattern.parts);
}

class AnyOf implements CommunityTest {
  readonly #tests: readonly CommunityTest[];

  constructor(tests: readonly CommunityTest[]) {
    this.#tests = tests;
  }

  matches(bytes: Uint8Array, at: number): boolean {
    for (const test of this.#tests) if (test.matches(bytes, at)) return true;
    return false;
  }
}

/** Standard communities by value. */
class Exact implements CommunityTest {
  readonly #values: ReadonlySet<number>;
  readonly #only: number;

  constructor(values: ReadonlySet<number>) {
    this.#values = values;
    [this.#only = 0] = values;
  }

  matches(bytes: Uint8Array, at: number): boolean {
    const value = u32(bytes, at);
    return this.#values.size === 1 ? value === this.#only : this.#values.has(value);
  }
}

class SameOctets implements CommunityTest {
  readonly #octets: readonly number[];

  constructor(octets: readonly number[]) {
    this.#octets = octets;
  }

  matches(bytes: Uint8Array, at: number): boolean {
    return this.#octets.every((octet, i) => bytes[at + i] === octet);
  }
}

class Expression implements CommunityTest {
  readonly #kind: CommunityKind;
  readonly #expression: Pattern;

  constructor(kind: CommunityKind, text: string) {
    this.#kind = kind;
    this.#expression = new Pattern(text);
  }

  matches(bytes: Uint8Array, at: number): boolean {
    return this.#expression.matches(communityText(this.#kind, bytes, at));
  }
}

type Range = readonly [number, number];

/** Numbers of `octets` each, one behind the other, within ranges. */
class Parts implements CommunityTest {
  readonly #octets: number;
  readonly #ranges: Float64Array;

  constructor(octets: 2 | 4, ranges: readonly Range[]) {
    this.#octets = octets;
    this.#ranges = Float64Array.from(ranges.flat());
  }

  matches(bytes: Uint8Array, at: number): boolean {
    const octets = this.#octets;
    const ranges = this.#ranges;
    for (let i = 0; i < ranges.length; i += 2) {
      const value = octets === 2 ? u16(bytes, at) : u32(bytes, at);
      if (value < (ranges[i] as number) || value > (ranges[i + 1] as number)) return false;
      at += octets;
    }
    return true;
  }
}

class ExtendedParts implements CommunityTest {
  readonly #type: number;
  readonly #ranges: Float64Array;

  constructor(type: number, ranges: readonly Range[]) {
    this.#type = type;
    this.#ranges = Float64Array.from(ranges.flat());
  }

  matches(bytes: Uint8Array, at: number): boolean {
    // The transitive bit says where it may go, not what it is.
    const own = (bytes[at] as number) & 0xbf;
    if (((own << 8) | (bytes[at + 1] as number)) !== this.#type) return false;
    const a = own === 0 ? u16(bytes, at + 2) : u32(bytes, at + 2);
    const b = own === 0 ? u32(bytes, at + 4) : u16(bytes, at + 6);
    const [a0 = 0, a1 = 0, b0 = 0, b1 = 0] = this.#ranges;
    return a >= a0 && a <= a1 && b >= b0 && b <= b1;
  }
}

/** As `show routes` prints it. */
export function communityText(kind: CommunityKind, bytes: Uint8Array, at: number): string {
  if (kind === 'community') {
    const value = u32(bytes, at);
    for (const [name, known] of Object.entries(WELL_KNOWN_COMMUNITIES)) if (known === value) return name;
    return `${value >>> 16}:${value & 0xffff}`;
  }
  if (kind === 'large-community') return `${u32(bytes, at)}:${u32(bytes, at + 4)}:${u32(bytes, at + 8)}`;
  const type = (bytes[at] as number) & 0xbf;
  const name = bytes[at + 1] === 2 ? 'rt' : bytes[at + 1] === 3 ? 'ro' : undefined;
  if (name === undefined || type > 2) {
    return `0x${[...bytes.slice(at, at + 8)].map((octet) => octet.toString(16).padStart(2, '0')).join('')}`;
  }
  if (type === 0) return `${name}:${u16(bytes, at + 2)}:${u32(bytes, at + 4)}`;
  const high = type === 1 ? formatIpv4(u32(bytes, at + 2)) : String(u32(bytes, at + 2));
  return `${name}:${high}:${u16(bytes, at + 6)}`;
}
