/** Path attributes as operators read them: from canonical bytes to text. */
import { formatAddress, formatIpv4, formatPrefix4, formatPrefix6 } from '../../base/address.ts';
import { AttributeType, findAttribute, Segment, valueLength, valueStart } from '../../bgp/attributes.ts';
import { u16, u32 } from '../../bgp/bytes.ts';
import { hasWeight, weightOf } from '../../bgp/weight.ts';
import type { Fabric } from '../../fabric/fabric.ts';

export interface AttributesText {
  nextHop: string;
  /** Where a link-local address goes with it (RFC 2545). */
  linkLocalNextHop?: string;
  asPath: string;
  communities: string[];
  largeCommunities: string[];
  extendedCommunities: string[];
  localPref: number | null;
  weight?: number;
  med: number | null;
  origin: 'IGP' | 'EGP' | 'INCOMPLETE';
}

const ORIGINS = ['IGP', 'EGP', 'INCOMPLETE'] as const;
const WELL_KNOWN: Readonly<Record<number, string>> = {
  4294901760: 'graceful-shutdown',
  4294902426: 'blackhole',
  4294967041: 'no-export',
  4294967042: 'no-advertise',
  4294967043: 'no-export-subconfed',
  4294967044: 'no-peer',
};

type HopText = Pick<AttributesText, 'nextHop' | 'linkLocalNextHop'>;
const NO_HOP: HopText = { nextHop: '' };

/** RFC 2545 3: of 32 octets the second half is a link-local address. */
function nextHopText(bytes: Uint8Array, at: number, length: number): HopText {
  const nextHop = formatAddress(bytes, at, Math.min(length, 16));
  return length < 32 ? { nextHop } : { nextHop, linkLocalNextHop: formatAddress(bytes, at + 16, 16) };
}

/** Everything that a route row says of a canonical attribute set. */
export function attributesText(bytes: Uint8Array, start: number, end: number): AttributesText {
  const value = <T>(type: number, read: (from: number, to: number) => T, none: T): T => {
    const at = findAttribute(bytes, start, end, type);
    if (at < 0) return none;
    const from = valueStart(bytes, at);
    return read(from, from + valueLength(bytes, at));
  };
  const number = (from: number): number | null => u32(bytes, from);
  const mpNextHop = value(
    AttributeType.MpReach,
    (from) => nextHopText(bytes, from + 1, bytes[from] as number),
    NO_HOP,
  );
  return {
    ...value(AttributeType.NextHop, (from, to) => nextHopText(bytes, from, to - from), mpNextHop),
    asPath: value(AttributeType.AsPath, (from, to) => pathText(bytes, from, to), ''),
    communities: value(
      AttributeType.Communities,
      (from, to) => each(from, to, 4, (at) => community(u32(bytes, at))),
      [],
    ),
    largeCommunities: value(
      AttributeType.LargeCommunities,
      (from, to) =>
        each(from, to, 12, (at) => `${u32(bytes, at)}:${u32(bytes, at + 4)}:${u32(bytes, at + 8)}`),
      [],
    ),
    extendedCommunities: value(
      AttributeType.ExtendedCommunities,
      (from, to) => each(from, to, 8, (at) => extended(bytes, at)),
      [],
    ),
    localPref: value(AttributeType.LocalPref, number, null),
    ...(hasWeight(bytes, start, end) ? { weight: weightOf(bytes, start, end) } : {}),
    med: value(AttributeType.MultiExitDisc, number, null),
    origin: value(
      AttributeType.Origin,
      (from) => ORIGINS[bytes[from] as number] ?? 'INCOMPLETE',
      'INCOMPLETE',
    ),
  };
}

function each(from: number, to: number, step: number, text: (at: number) => string): string[] {
  const texts: string[] = [];
  for (let at = from; at + step <= to; at += step) texts.push(text(at));
  return texts;
}

function community(value: number): string {
  return WELL_KNOWN[value] ?? `${value >>> 16}:${value & 0xffff}`;
}

/** RFC 4360: route target and origin by name, what is not one of these in hexadecimal. */
function extended(bytes: Uint8Array, at: number): string {
  const type = bytes[at] as number;
  const kind = bytes[at + 1] === 2 ? 'rt' : bytes[at + 1] === 3 ? 'ro' : undefined;
  if (kind !== undefined && (type & 0xbf) === 0) return `${kind}:${u16(bytes, at + 2)}:${u32(bytes, at + 4)}`;
  if (kind !== undefined && (type & 0xbf) === 2) return `${kind}:${u32(bytes, at + 2)}:${u16(bytes, at + 6)}`;
  if (kind !== undefined && (type & 0xbf) === 1)
    return `${kind}:${formatIpv4(u32(bytes, at + 2))}:${u16(bytes, at + 6)}`;
  return `0x${Buffer.from(bytes.slice(at, at + 8)).toString('hex')}`;
}

function pathText(bytes: Uint8Array, from: number, to: number): string {
  const parts: string[] = [];
  for (let at = from; at + 2 <= to; ) {
    const type = bytes[at] as number;
    const count = bytes[at + 1] as number;
    const ases = each(at + 2, at + 2 + count * 4, 4, (as) => String(u32(bytes, as))).join(' ');
    if (type === Segment.Set) parts.push(`{${ases}}`);
    else if (type === Segment.ConfedSequence) parts.push(`(${ases})`);
    else if (type === Segment.ConfedSet) parts.push(`[${ases}]`);
    else parts.push(ases);
    at += 2 + count * 4;
  }
  return parts.join(' ');
}

/** A PrefixId as text. */
export function prefixText(fabric: Fabric, id: number): string {
  const { prefixes } = fabric;
  const { base6, keys6 } = prefixes;
  if (id < base6) return formatPrefix4(prefixes.address4(id), prefixes.length4(id));
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = keys6.subarray((id - base6) * 5, (id - base6) * 5 + 5);
  return formatPrefix6(a, b, c, d, length);
}
