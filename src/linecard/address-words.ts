import { parseAddress, withoutZone } from '../base/address.ts';

/** Writes an address as four words, IPv4 as ::ffff:a.b.c.d; zeros for none. A zone (%eth0) is left out. */
export function addressWords(address: string | undefined, words: Int32Array | number[], at: number): void {
  for (let i = 0; i < 4; i++) words[at + i] = 0;
  const bytes = address === undefined ? undefined : parseAddress(withoutZone(plainAddress(address)));
  if (bytes === undefined) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 4) words[at + 2] = 0xffff;
  for (let i = 0; i < bytes.length / 4; i++) words[at + 4 - bytes.length / 4 + i] = view.getInt32(i * 4);
}

/** IPv4 in IPv6 as plain IPv4: what a dual-stack socket says of an IPv4 neighbour. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
