/**
 * IP addresses and prefixes between text and numbers: IPv4 as a u32, IPv6 as 16 octets or four words. Text comes out
 * as RFC 5952 has it, and nothing but an address is taken for one.
 */

/** "192.0.2.1" as a u32; undefined where it is anything else (leading zeros too: they mean octal to some). */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** 16 octets; undefined where the text is no IPv6 address. Zones ("%eth0") are not taken. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const known = head.length + tail.length;
  // "::" stands for one group at least (RFC 4291 2.2 has "one or more").
  if (halves.length === 1 ? known !== 8 : known > 7) return undefined;
  const bytes = new Uint8Array(16);
  [...head, ...new Array<number>(8 - known).fill(0), ...tail].forEach((group, i) => {
    bytes[2 * i] = group >>> 8;
    bytes[2 * i + 1] = group;
  });
  return bytes;
}

/** Groups of 16 bits; the last may be an IPv4 address if `last` says that the text ends there. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const address = parseIpv4(part);
      if (address === undefined) return undefined;
      groups.push(address >>> 16, address & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::". */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[at + i]! << 8) | bytes[at + i + 1]!);
  return formatGroups(groups);
}

export function formatIpv6Words(word0: number, word1: number, word2: number, word3: number): string {
  return formatGroups([word0, word1, word2, word3].flatMap((word) => [word >>> 16, word & 0xffff]));
}

function formatGroups(groups: readonly number[]): string {
  // RFC 5952 5: an IPv4-mapped address shows its IPv4 address.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${formatIpv4(groups[6]! * 65536 + groups[7]!)}`;
  }
  const [start, length] = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let run = 0;
  for (let i = 0; i < groups.length; i++) {
    run = groups[i] === 0 ? run + 1 : 0;
    if (run > best[1]) best = [i - run + 1, run];
  }
  return best;
}

/** 4 or 16 octets, or undefined. */
export function parseAddress(text: string): Uint8Array | undefined {
  const address = parseIpv4(text);
  return address === undefined ? parseIpv6(text) : ipv4Bytes(address);
}

/** Of 4 or 16 octets; of 32 (a next hop with its link-local address) the first 16. */
export function formatAddress(bytes: Uint8Array, at = 0, length = bytes.length - at): string {
  return length === 4 ? formatIpv4(ipv4FromBytes(bytes, at)) : formatIpv6(bytes, at);
}

export function ipv4Bytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

export function ipv4FromBytes(bytes: Uint8Array, at = 0): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** The word `index` (0 … 3) of an IPv6 address. */
export function ipv6Word(bytes: Uint8Array, index: number, at = 0): number {
  return ipv4FromBytes(bytes, at + 4 * index);
}

/** fe80::/10 (RFC 4291 2.5.6), with or without a zone. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][\da-f]:/i.test(address);
}

/** "fe80::1" of "fe80::1%eth0" (RFC 4007 11.2). */
export function withoutZone(address: string): string {
  return address.replace(/%.*/, '');
}

/** "eth0" of "fe80::1%eth0". */
export function zoneOf(address: string): string | undefined {
  const at = address.indexOf('%');
  return at < 0 ? undefined : address.slice(at + 1);
}

export interface AddressPrefix {
  /** 4 or 16 octets. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** "192.0.2.0/24"; undefined where it is no prefix, bits beyond the length included. */
export function parsePrefix(text: string): AddressPrefix | undefined {
  const slash = text.indexOf('/');
  const bytes = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (bytes === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  if (length > 8 * bytes.length || hasHostBits(bytes, length)) return undefined;
  return { bytes, length };
}

function hasHostBits(bytes: Uint8Array, length: number): boolean {
  return bytes.some((octet, i) => (octet & (0xff >> Math.min(8, Math.max(0, length - 8 * i)))) !== 0);
}

export function formatPrefix4(address: number, length: number): string {
  return `${formatIpv4(address)}/${length}`;
}

export function formatPrefix6(
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  length: number,
): string {
  return `${formatIpv6Words(word0, word1, word2, word3)}/${length}`;
}
