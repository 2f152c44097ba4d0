/**
 * Prefixes and path attributes in BGP's own encoding (RFC 4271 4.3), as FRR's dumps and GoBGP's interface
 * carry them. Written apart from src/bgp on purpose: the tests compare graftd with others, so they do not
 * read by graftd's code.
 */
import { isIPv6 } from 'node:net';
import { type Announcement, canonicalAddress, type Family, familyOf, type Route } from './routes.ts';

const ORIGINS = ['IGP', 'EGP', 'incomplete'] as const;
const CODE = { origin: 1, asPath: 2, nextHop: 3, med: 4, communities: 8, mpReach: 14, large: 32 } as const;

/** The text of an address of 4 or 16 octets. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return canonicalAddress(words.join(':'));
}

function addressBytes(address: string): Uint8Array {
  if (!isIPv6(address)) return Uint8Array.from(address.split('.').map(Number));
  const [head, tail] = address.split('::') as [string, string | undefined];
  const words = (text: string | undefined) =>
    text ? text.split(':').map((word) => Number.parseInt(word, 16)) : [];
  const [front, back] = [words(head), words(tail)];
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  return Uint8Array.from([...front, ...zeros, ...back].flatMap((word) => [word >> 8, word & 255]));
}

/** A cursor over big-endian bytes. */
export class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  skip(length: number): void {
    this.at += length;
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

/** Whole tables repeat the same attributes, so what reads one remembers what it read. */
function remembering<T>(read: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new Map<string, T>();
  return (bytes) => {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    let value = known.get(key);
    if (value === undefined) {
      value = read(bytes);
      known.set(key, value);
    }
    return value;
  };
}

const asPathText = remembering((bytes) => {
  const reader = new Reader(bytes);
  const parts: string[] = [];
  while (reader.left > 0) {
    const set = reader.u8() === 1;
    const numbers = Array.from({ length: reader.u8() }, () => reader.u32());
    parts.push(set ? `{${numbers.join(',')}}` : numbers.join(' '));
  }
  return parts.join(' ');
});

const communityTexts = remembering((bytes) => {
  const reader = new Reader(bytes);
  const list: string[] = [];
  while (reader.left > 0) list.push(`${reader.u16()}:${reader.u16()}`);
  return list;
});

const largeCommunityTexts = remembering((bytes) => {
  const reader = new Reader(bytes);
  const list: string[] = [];
  while (reader.left > 0) list.push(`${reader.u32()}:${reader.u32()}:${reader.u32()}`);
  return list;
});

const nextHopText = remembering(addressText);

/** RFC 6396 4.3.4 wants only the next hop and its length here; FRR writes the whole attribute all the same. */
function mpNextHop(value: Uint8Array): string {
  const at = value[0] === 0 ? 3 : 0;
  return nextHopText(value.subarray(at + 1, at + 1 + Math.min(value[at]!, 16)));
}

export function readAttributes(reader: Reader, route: Route): void {
  while (reader.left > 0) {
    const extended = (reader.u8() & 0x10) !== 0;
    const code = reader.u8();
    const value = reader.take(extended ? reader.u16() : reader.u8());
    if (code === CODE.origin) route.origin = ORIGINS[value[0]!]!;
    else if (code === CODE.asPath) route.asPath = asPathText(value);
    else if (code === CODE.nextHop) route.nextHop = nextHopText(value);
    else if (code === CODE.med) route.med = new Reader(value).u32();
    else if (code === CODE.communities) route.communities.push(...communityTexts(value));
    else if (code === CODE.large) route.communities.push(...largeCommunityTexts(value));
    else if (code === CODE.mpReach) route.nextHop = mpNextHop(value);
  }
  if (route.communities.length > 1) route.communities.sort();
}

export function readPrefix(reader: Reader, family: Family): string {
  const length = reader.u8();
  const bytes = new Uint8Array(family === 'ipv4' ? 4 : 16);
  bytes.set(reader.take((length + 7) >> 3));
  return `${addressText(bytes)}/${length}`;
}

export const emptyRoute = (prefix: string): Route => ({
  prefix,
  asPath: '',
  nextHop: '',
  origin: 'IGP',
  med: undefined,
  communities: [],
});

const u16 = (value: number) => [(value >> 8) & 255, value & 255];
const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

function attribute(flags: number, code: number, value: readonly number[]): number[] {
  const long = value.length > 255;
  return [long ? flags | 0x10 : flags, code, ...(long ? u16(value.length) : [value.length]), ...value];
}

/** The whole attribute (RFC 4760 3), as FRR writes it too: GoBGP 3.10 does not take RFC 6396's short form. */
function mpReach(prefix: string, nextHop: readonly number[]): number[] {
  return [0, familyOf(prefix) === 'ipv4' ? 1 : 2, 1, nextHop.length, ...nextHop, 0, ...nlri(prefix)];
}

export function nlri(prefix: string): number[] {
  const [network, length] = prefix.split('/') as [string, string];
  return [Number(length), ...addressBytes(network).subarray(0, (Number(length) + 7) >> 3)];
}

/** Each attribute by itself, its flags, type and length included. */
export function attributesOf(
  { prefix, asPath = [], med, communities = [] }: Announcement,
  nextHop: string,
): number[][] {
  const path = asPath.length === 0 ? [] : [2, asPath.length, ...asPath.flatMap(u32)];
  const hop = [...addressBytes(nextHop)];
  const split = communities.map((text) => text.split(':').map(Number));
  // RFC 8950: an IPv6 next hop stands there for IPv4 routes, too.
  const multi = nextHop.includes(':');
  const [standard, large] = [split.filter((c) => c.length === 2), split.filter((c) => c.length === 3)];
  return [
    attribute(0x40, CODE.origin, [0]),
    attribute(0x40, CODE.asPath, path),
    ...(multi ? [] : [attribute(0x40, CODE.nextHop, hop)]),
    ...(med === undefined ? [] : [attribute(0x80, CODE.med, u32(med))]),
    ...(standard.length === 0 ? [] : [attribute(0xc0, CODE.communities, standard.flat().flatMap(u16))]),
    ...(multi ? [attribute(0x80, CODE.mpReach, mpReach(prefix, hop))] : []),
    ...(large.length === 0 ? [] : [attribute(0xc0, CODE.large, large.flat().flatMap(u32))]),
  ];
}
