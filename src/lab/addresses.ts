/** Addresses between text and numbers, for the options of speakers and feeds. */
import { isIPv4, isIPv6 } from 'node:net';

/** A dotted quad as u32. */
export function parseIpv4(text: string): number {
  if (!isIPv4(text)) throw new Error(`not an IPv4 address: ${text}`);
  return text.split('.').reduce((address, part) => address * 256 + Number(part), 0);
}

/** The 16 octets of an IPv6 address. */
export function parseIpv6(text: string): Uint8Array {
  if (!isIPv6(text)) throw new Error(`not an IPv6 address: ${text}`);
  const quad = text.includes('.') ? text.slice(text.lastIndexOf(':') + 1) : undefined;
  const groups = quad === undefined ? text : text.slice(0, -quad.length) + hexGroups(parseIpv4(quad));
  const [front = [], back] = groups.split('::').map((side) => (side === '' ? [] : side.split(':')));
  const zeros = back === undefined ? [] : new Array<string>(8 - front.length - back.length).fill('0');
  const bytes = new Uint8Array(16);
  for (const [i, group] of [...front, ...zeros, ...(back ?? [])].entries()) {
    const value = Number.parseInt(group, 16);
    bytes[i * 2] = value >>> 8;
    bytes[i * 2 + 1] = value & 0xff;
  }
  return bytes;
}

function hexGroups(address: number): string {
  return `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`;
}
