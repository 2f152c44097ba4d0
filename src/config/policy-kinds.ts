/** The kinds of scalar that sets, conditions and actions of policies are made of. */
import { parseAddress } from '../base/address.ts';
import {
  type CommunityKind,
  type CommunityPattern,
  communityOctets,
  parseCommunity,
  WELL_KNOWN_COMMUNITIES,
} from '../policy/community.ts';
import type { Range } from '../policy/language.ts';
import { patternFault } from '../policy/pattern.ts';
import { type PrefixEntry, parsePrefixEntry } from '../policy/prefix-set.ts';
import { canonicalAddress } from './address.ts';
import { shown } from './kinds.ts';
import { NAME, type Names, type Scalar, Wrong } from './shapes.ts';

const TEXT = { type: 'string', minLength: 1 } as const;
const NUMBER_OR_TEXT = { type: ['integer', 'string'] } as const;

/** An entry of a prefix set. */
export const prefixEntry: Scalar<PrefixEntry> = {
  form: 'scalar',
  schema: TEXT,
  read(_, source) {
    const entry = parsePrefixEntry(source);
    return typeof entry === 'string' ? new Wrong(entry) : entry;
  },
};

/** The name of a set, or what would stand in one. */
function nameOr<T>(
  kind: Scalar<T>,
  among: Names,
  isName = (text: string) => NAME.test(text),
): Scalar<T | string> {
  return {
    form: 'scalar',
    schema: kind.schema,
    among,
    read: (value, source) => (isName(source) ? source : kind.read(value, source)),
  };
}

export const prefixTest = nameOr(prefixEntry, 'prefix-sets');

/** Kept apart from names, which are text too. */
export interface Expression {
  readonly text: string;
}

export const expression: Scalar<Expression> = {
  form: 'scalar',
  schema: NUMBER_OR_TEXT,
  read(_, source) {
    const fault = patternFault(source);
    return fault === undefined ? { text: source } : new Wrong(`the expression "${shown(source)}" ${fault}`);
  },
};

export const pathTest = nameOr(expression, 'as-path-sets');

/** `7`, `7-9`, `7-` and `-9`. */
export function range(min: number, max: number, what: string): Scalar<Range> {
  return {
    form: 'scalar',
    schema: NUMBER_OR_TEXT,
    read(_, source) {
      const parts = /^(\d{0,10})(-)?(\d{0,10})$/.exec(source.trim());
      const wrong = new Wrong(
        `must be ${what} from ${min} to ${max}, or a range like ${min}-${max}, not ${shown(source)}`,
      );
      if (parts === null || source.trim() === '' || source.trim() === '-') return wrong;
      const [, first = '', dash, last = ''] = parts;
      const from = first === '' ? min : Number(first);
      const to = dash === undefined ? from : last === '' ? max : Number(last);
      if (from < min || to > max) return wrong;
      return from <= to ? [from, to] : new Wrong(`${shown(source)} is the wrong way round`);
    },
  };
}

export const prefixLength = range(0, 128, 'a length');
export const pathLength = range(0, 65535, 'a number of ASes');
export const number32 = range(0, 0xffffffff, 'a number');
export const asRange = range(0, 0xffffffff, 'an AS number');
export const asTest = nameOr(asRange, 'as-sets');

/** What a community set holds. */
export function communityPattern(kind: CommunityKind): Scalar<CommunityPattern> {
  return {
    form: 'scalar',
    schema: TEXT,
    read(_, source) {
      const pattern = parseCommunity(kind, source);
      return typeof pattern === 'string' ? new Wrong(pattern) : pattern;
    },
  };
}

export function communityTestKind(kind: CommunityKind): Scalar<CommunityPattern | string> {
  const known = (text: string): boolean =>
    kind === 'community' && text.toLowerCase() in WELL_KNOWN_COMMUNITIES;
  const isHex = (text: string): boolean => text.startsWith('0x');
  return nameOr(
    communityPattern(kind),
    `${kind}-sets`,
    (text) => NAME.test(text) && !known(text) && !isHex(text),
  );
}

/** One community, in octets. */
export function communityValue(kind: CommunityKind): Scalar<readonly number[]> {
  return {
    form: 'scalar',
    schema: TEXT,
    read(_, source) {
      const pattern = parseCommunity(kind, source);
      if (typeof pattern === 'string') return new Wrong(pattern);
      return communityOctets(kind, pattern) ?? new Wrong(`must be one community, not many: ${shown(source)}`);
    },
  };
}

/** What a neighbour set holds. */
export type NeighborItem =
  | { readonly prefix: PrefixEntry }
  | { readonly as: Range }
  | { readonly external: boolean };

export const neighborItem: Scalar<NeighborItem> = {
  form: 'scalar',
  schema: TEXT,
  read(_, source) {
    const text = source.trim();
    if (text === 'ebgp' || text === 'ibgp') return { external: text === 'ebgp' };
    const as = /^as\s*(\d.*)$/i.exec(text);
    if (as !== null) {
      const found = asRange.read(as[1], as[1] as string);
      return found instanceof Wrong ? found : { as: found };
    }
    const address = canonicalAddress(text);
    const entry = parsePrefixEntry(
      address === undefined ? text : `${address}/${address.includes(':') ? 128 : 32}`,
    );
    if (typeof entry === 'string')
      return new Wrong(`must be an address, a prefix, "as 64500", ebgp or ibgp, not ${shown(source)}`);
    const bits = entry.bytes.length * 8;
    return { prefix: { ...entry, from: Math.min(entry.from, bits), to: bits } };
  },
};

export const neighborTest = nameOr(
  neighborItem,
  'neighbor-sets',
  (text) => NAME.test(text) && !['ebgp', 'ibgp'].includes(text) && !/^as\d/i.test(text),
);

/** A number to set, or `+10` and `-10` to add. */
export interface NumberChange {
  readonly by: 'set' | 'add';
  readonly value: number;
}

export function numberChange(...words: string[]): Scalar<NumberChange | string> {
  return {
    form: 'scalar',
    schema: NUMBER_OR_TEXT,
    read(_, source) {
      if (words.includes(source)) return source;
      const parts = /^([+-]?)(\d{1,10})$/.exec(source.trim());
      if (parts === null || Number(parts[2]) > 0xffffffff) {
        const others = words.map((word) => `, or ${word}`).join('');
        return new Wrong(`must be a number, or +10 or -10 to change it${others}, not ${shown(source)}`);
      }
      const value = Number(parts[2]);
      return parts[1] === '' ? { by: 'set', value } : { by: 'add', value: parts[1] === '-' ? -value : value };
    },
  };
}

/** `self`, or the octets of an address. */
export const nextHop: Scalar<'self' | readonly number[]> = {
  form: 'scalar',
  schema: TEXT,
  read(_, source) {
    if (source === 'self') return 'self';
    const bytes = parseAddress(canonicalAddress(source) ?? '');
    return bytes === undefined ? new Wrong(`must be an address, or self, not ${shown(source)}`) : [...bytes];
  },
};

/** Addresses of next hops: a prefix covers those within. */
export const nextHopTest: Scalar<PrefixEntry | string> = nameOr(
  {
    form: 'scalar',
    schema: TEXT,
    read(value, source) {
      const found = neighborItem.read(value, source);
      if (!(found instanceof Wrong) && 'prefix' in found) return found.prefix;
      return new Wrong(`must be an address or a prefix, not ${shown(source)}`);
    },
  },
  'prefix-sets',
);
