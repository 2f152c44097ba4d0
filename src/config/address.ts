/**
 * Addresses, prefixes and BGP Identifiers as people write them, turned into the one canonical text by which
 * graftd names a neighbour: `2001:DB8::0:1` and `2001:db8::1` are the same one.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { isLinkLocal, withoutZone, zoneOf } from '../base/address.ts';
import type { Family } from '../bgp/families.ts';

/** IFNAMSIZ; of digits alone it would be a number, which is another one after each start of the machine. */
const ZONE = /^(?!\d+$)[\dA-Za-z.:-]{1,15}$/;

/**
 * The canonical text (RFC 5952), or undefined. IPv4-mapped IPv6 is the IPv4 address; a link-local address may have a zone, the
 * name of an interface (RFC 4007 11.2).
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [plain, zone] = [withoutZone(text), zoneOf(text)];
  if (!isIPv6(text)) return undefined;
  const address = new SocketAddress({ address: plain, family: 'ipv6' }).address;
  if (zone !== undefined) return isLinkLocal(address) && ZONE.test(zone) ? `${address}%${zone}` : undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  return mapped ? mapped[1]! : address;
}

/** Of a canonical address. */
export function addressFamily(address: string): Family {
  return address.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
}

/** An IPv4 address as a number, the first octet highest. */
export function ipv4ToU32(text: string): number {
  return text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

/** Why a neighbour cannot have this canonical address, or undefined where it can. */
export function unusableAddress(address: string): string | undefined {
  if (address === '0.0.0.0' || address === '::') return 'is the unspecified address';
  if (address === '255.255.255.255') return 'is the broadcast address';
  if (addressFamily(address) === 'ipv6-unicast') {
    if (/^ff/.test(address)) return 'is a multicast address';
    if (isLinkLocal(address) && zoneOf(address) === undefined)
      return 'is link-local: say on which interface, like fe80::1%eth0';
    return undefined;
  }
  const first = Number(address.split('.')[0]);
  if (first >= 224 && first < 240) return 'is a multicast address';
  if (first >= 240) return 'is reserved (240.0.0.0/4)';
  if (first === 0) return 'is in 0.0.0.0/8, which names no host';
  return undefined;
}

/** `192.0.2.0/24` in canonical form, host bits zero; an address alone is its host prefix. */
export function canonicalPrefix(text: string): string | undefined {
  const [head, tail, ...rest] = text.split('/');
  const address = canonicalAddress(head ?? '');
  if (address === undefined || rest.length > 0 || zoneOf(address) !== undefined) return undefined;
  const bits = addressFamily(address) === 'ipv4-unicast' ? 32 : 128;
  if (tail !== undefined && !/^\d{1,3}$/.test(tail)) return undefined;
  const length = tail === undefined ? bits : Number(tail);
  if (length > bits) return undefined;
  return `${networkAddress(address, length)}/${length}`;
}

/** Whether a canonical address is in a canonical prefix, whatever its zone. */
export function contains(prefix: string, address: string): boolean {
  return canonicalPrefix(`${withoutZone(address)}/${prefix.split('/')[1]}`) === prefix;
}

function networkAddress(address: string, length: number): string {
  if (addressFamily(address) === 'ipv4-unicast') {
    const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    const network = (ipv4ToU32(address) & mask) >>> 0;
    return [24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.');
  }
  const groups = ipv6Groups(address).map((group, index) => {
    const kept = Math.min(16, Math.max(0, length - 16 * index));
    return group & (0xffff << (16 - kept)) & 0xffff;
  });
  const text = groups.map((group) => group.toString(16)).join(':');
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
}

/** The eight 16-bit groups of a canonical IPv6 address; its tail may be written as IPv4 (`::192.0.2.1`). */
function ipv6Groups(address: string): number[] {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (tail) => {
    const value = ipv4ToU32(tail);
    return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
  });
  const [head, tail] = plain.split('::') as [string, string | undefined];
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return [...first, ...zeros, ...last];
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
