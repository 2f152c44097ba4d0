/** The kinds of scalar that the configuration knows: what each accepts, and what it says of what it refuses. */
import { isIPv4 } from 'node:net';
import { isLinkLocal, parsePrefix, zoneOf } from '../base/address.ts';
import { FAMILIES, type Family } from '../bgp/families.ts';
import { ANY_OTHER_AS } from '../bgp/open.ts';
import { ROLES } from '../bgp/roles.ts';
import { canonicalAddress, canonicalPrefix, unusableAddress } from './address.ts';
import { suggestion } from './nearest.ts';
import { type Scalar, Wrong } from './shapes.ts';

/** The policies that are always there. */
export const POLICY_NAMES = ['accept', 'reject'] as const;
export type PolicyName = string;

export interface ListenAddress {
  address: string;
  port: number;
}

/** A value as it stands in a message: short, and on one line. */
export function shown(source: string): string {
  const text = source.replaceAll(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export function integer(min: number, max: number): Scalar<number> {
  return {
    form: 'scalar',
    schema: { type: 'integer', minimum: min, maximum: max },
    read(value, source) {
      if (typeof value === 'string' && /^\d+$/.test(value)) {
        return new Wrong(`is text; write the number without quotes: ${value}`);
      }
      if (typeof value !== 'number' || !Number.isInteger(value)) {
        return new Wrong(`must be a whole number from ${min} to ${max}, not ${shown(source)}`);
      }
      if (value < min || value > max) return new Wrong(`must be from ${min} to ${max}, not ${shown(source)}`);
      return value;
    },
  };
}

export const port = integer(1, 65535);

/** RFC 4271 4.2: zero, or at least three seconds. */
export const holdTime: Scalar<number> = {
  form: 'scalar',
  schema: { anyOf: [{ const: 0 }, { type: 'integer', minimum: 3, maximum: 65535 }] },
  read(value, source) {
    const seconds = integer(0, 65535).read(value, source);
    if (seconds === 1 || seconds === 2) {
      return new Wrong(`must be 0 (no keepalives) or at least 3 seconds (RFC 4271), not ${seconds}`);
    }
    return seconds;
  },
};

/** RFC 5396 asplain; asdot is read by YAML as a fraction, so it is refused with the number that was meant. */
export const asNumber: Scalar<number> = {
  form: 'scalar',
  schema: { type: 'integer', minimum: 1, maximum: 4294967295 },
  read(value, source) {
    const dotted = /^(\d{1,5})\.(\d{1,5})$/.exec(source);
    if (dotted) {
      const plain = Number(dotted[1]) * 65536 + Number(dotted[2]);
      return new Wrong(`is in asdot notation; write it as one number: ${plain}`);
    }
    if (/^AS\d+$/i.test(source)) return new Wrong(`is written without "AS": ${source.slice(2)}`);
    if (value === 0) return new Wrong('must not be 0 (RFC 7607)');
    return integer(1, 4294967295).read(value, source);
  },
};

/** `external` is read as the number that nobody has. */
export const neighborAs: Scalar<number> = {
  form: 'scalar',
  schema: { anyOf: [asNumber.schema, { const: 'external' }] },
  read(value, source) {
    if (value === 'external') return ANY_OTHER_AS;
    if (value === 'internal') return new Wrong('of an iBGP neighbour is the number of router.as');
    if (typeof value !== 'string' || /\d/.test(value)) return asNumber.read(value, source);
    return new Wrong(`must be an AS number, or external for whatever other AS it says, not ${shown(source)}`);
  },
};

export const flag: Scalar<boolean> = {
  form: 'scalar',
  schema: { type: 'boolean' },
  read(value, source) {
    return typeof value === 'boolean' ? value : new Wrong(`must be true or false, not ${shown(source)}`);
  },
};

export const text: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    if (typeof value !== 'string') return new Wrong(`must be text; put it in quotes: "${shown(source)}"`);
    return value === '' ? new Wrong('must not be empty') : value;
  },
};

/** linux/tcp.h: 80 octets at most. A value that is wrong is not repeated: it is a secret. */
export const password: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1, maxLength: 80 },
  read(value) {
    if (typeof value !== 'string') return new Wrong('must be text; put it in quotes');
    const octets = Buffer.byteLength(value);
    if (octets >= 1 && octets <= 80) return value;
    return new Wrong(`must be 1 to 80 octets long, not ${octets}`);
  },
};

export const filePath: Scalar<string> = {
  form: 'scalar',
  schema: text.schema,
  read(value, source) {
    if (typeof value === 'string' && value.includes('\0')) return new Wrong('must not hold a zero byte');
    return text.read(value, source);
  },
};

/** An address of this end: the zone of a link-local one is that of the other end. */
export const localAddress: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    const canonical = typeof value === 'string' ? canonicalAddress(value) : undefined;
    if (canonical === undefined) return new Wrong(notAnAddress(value, source, 'an IPv4 or IPv6 address'));
    const unusable = isLinkLocal(canonical) ? undefined : unusableAddress(canonical);
    return unusable === undefined ? canonical : new Wrong(`${canonical} ${unusable}`);
  },
};

/** An address that a neighbour can have: a link-local one has a zone. */
export const neighborAddress: Scalar<string> = {
  ...localAddress,
  read(value, source) {
    const canonical = localAddress.read(value, source);
    const unusable = typeof canonical === 'string' ? unusableAddress(canonical) : undefined;
    return unusable === undefined ? canonical : new Wrong(`${canonical} ${unusable}`);
  },
};

/** An address that means the same everywhere. */
export const address: Scalar<string> = {
  ...localAddress,
  read(value, source) {
    const canonical = localAddress.read(value, source);
    if (typeof canonical !== 'string' || !isLinkLocal(canonical)) return canonical;
    return new Wrong(`${canonical} is link-local, and means nothing beyond its link`);
  },
};

/** A range of addresses, like 192.0.2.0/24. */
export const addressPrefix: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    if (typeof value === 'string' && parsePrefix(value) !== undefined) return value;
    return new Wrong(
      `must be a prefix like 192.0.2.0/24, without bits beyond its length, not ${shown(source)}`,
    );
  },
};

const COMMUNITY_NAMES = [
  'no-export',
  'no-advertise',
  'no-export-subconfed',
  'blackhole',
  'graceful-shutdown',
];

/** RFC 1997: two numbers like 65000:1, or the name of a well-known one. */
export const plainCommunity: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    const parts = typeof value === 'string' ? /^(\d{1,5}):(\d{1,5})$/.exec(value) : null;
    if (parts !== null && Number(parts[1]) <= 65_535 && Number(parts[2]) <= 65_535) return value as string;
    if (COMMUNITY_NAMES.includes(source)) return source;
    return new Wrong(
      `must be two numbers like "65000:1", or ${COMMUNITY_NAMES.join(', ')}, not ${shown(source)}`,
    );
  },
};

function addressOf(family: Family, words: string): Scalar<string> {
  return {
    form: 'scalar',
    schema: address.schema,
    read(value, source) {
      const canonical = address.read(value, source);
      if (typeof canonical !== 'string') return canonical;
      const is = canonical.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
      return is === family ? canonical : new Wrong(`must be ${words}, not ${canonical}`);
    },
  };
}

export const ipv4Address = addressOf('ipv4-unicast', 'an IPv4 address');
export const ipv6Address = addressOf('ipv6-unicast', 'an IPv6 address');

/** RFC 6286: any four octets but zero, written as an IPv4 address is. */
export const bgpIdentifier: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    if (typeof value !== 'string' || !isIPv4(value)) {
      return new Wrong(`must be four numbers like 192.0.2.1 (the BGP Identifier), not ${shown(source)}`);
    }
    return value === '0.0.0.0' ? new Wrong('must not be 0.0.0.0 (RFC 6286)') : value;
  },
};

export const listenAddress: Scalar<ListenAddress> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    const example = '127.0.0.1:1790 or "[::1]:1790"';
    if (typeof value !== 'string') return new Wrong(`must be an address and a port like ${example}`);
    const parts = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(value);
    if (!parts) return new Wrong(listenHint(value, example));
    const bracketed = parts[1] !== undefined;
    const canonical = canonicalAddress(parts[1] ?? parts[2]!);
    if (canonical === undefined || bracketed !== canonical.includes(':')) {
      return new Wrong(notAnAddress(parts[1] ?? parts[2], source, `an address and a port like ${example}`));
    }
    if (isLinkLocal(canonical) && zoneOf(canonical) === undefined)
      return new Wrong(`${canonical} ${unusableAddress(canonical)}`);
    const number = port.read(Number(parts[3]), parts[3]!);
    if (typeof number !== 'number') return new Wrong(`${shown(value)}: the port ${number.message}`);
    return { address: canonical, port: number };
  },
};

function listenHint(value: string, example: string): string {
  const bare = canonicalAddress(value.replace(/^\[|\]$/g, ''));
  if (bare === undefined) return `must be an address and a port like ${example}, not ${shown(value)}`;
  if (!bare.includes(':')) return `needs a port: ${bare}:179`;
  const tail = /^(.*):(\d{2,5})$/.exec(value);
  const meant = tail && canonicalAddress(tail[1]!) ? `[${tail[1]}]:${tail[2]}` : `[${bare}]:179`;
  return `needs brackets around the IPv6 address, and a port, like "${meant}"`;
}

function notAnAddress(value: unknown, source: string, wanted: string): string {
  if (typeof value === 'string' && /^\d{1,3}(\.\d{1,3}){3}\/\d+$|:.*\/\d+$/.test(value)) {
    return `must be an address without a prefix length: ${value.split('/')[0]}`;
  }
  if (typeof value === 'string' && value.includes('%'))
    return `must be ${wanted}; a zone is for link-local ones, and the name of an interface (of letters, digits, ".", ":" and "-")`;
  return `must be ${wanted}, not ${shown(source)}`;
}

export function choice<T extends string>(names: readonly T[], what: string): Scalar<T> {
  return {
    form: 'scalar',
    schema: { type: 'string', enum: names },
    read(value, source) {
      const found = names.find((name) => name === value);
      return found ?? new Wrong(`there is no ${what} "${shown(source)}"${suggestion(source, names)}`);
    },
  };
}

/** Addresses that neighbours can have: a prefix. */
export const addressRange: Scalar<string> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  read(value, source) {
    const [address, length] = typeof value === 'string' ? value.split('/') : [];
    const canonical = length === undefined ? undefined : canonicalPrefix(`${address}/${length}`);
    if (canonical === undefined) return new Wrong(`must be a prefix like 192.0.2.0/24, not ${shown(source)}`);
    if (canonical.split('/')[0] === canonicalAddress(address as string)) return canonical;
    return new Wrong(`has bits behind its length; the prefix is ${canonical}`);
  },
};

export const family: Scalar<Family> = choice(
  FAMILIES.map((row) => row.family),
  'address family',
);

export const gracefulRestart = choice(['helper', 'full', 'off'] as const, 'kind of graceful restart');

const CAPABILITIES = ['multiprotocol', 'route-refresh', 'enhanced-route-refresh', 'four-octet-as'] as const;

export const capability = choice(CAPABILITIES, 'capability to switch off');

/** `./my-policy.ts#importFromCustomers`: a function of a file. */
export function isCodeReference(text: string): boolean {
  return text.includes('#');
}

/** accept, reject, the name of a policy of the configuration, or a function of a file. */
export const policy: Scalar<PolicyName> = {
  form: 'scalar',
  schema: { type: 'string', minLength: 1 },
  among: 'policies',
  read: (_, source) => source,
};
export const localRole = choice(ROLES, 'role');
