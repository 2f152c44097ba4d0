import net from 'node:net';

/** Writes an address as four words, IPv4 as ::ffff:a.b.c.d; zeros for none. */
export function addressWords(address: string | undefined, words: Int32Array | number[], at: number): void {
  for (let i = 0; i < 4; i++) words[at + i] = 0;
  if (address === undefined) return;
  const plain = plainAddress(address);
  if (net.isIPv4(plain)) {
    words[at + 2] = 0xffff;
    words[at + 3] = plain.split('.').reduce((word, part) => (word << 8) | Number(part), 0);
    return;
  }
  const [head = '', tail] = plain.split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...new Array(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  for (let i = 0; i < 4; i++) {
    words[at + i] =
      (Number.parseInt(groups[2 * i] ?? '0', 16) << 16) | Number.parseInt(groups[2 * i + 1] ?? '0', 16);
  }
}

/** IPv4 in IPv6 as plain IPv4: what a dual-stack socket says of an IPv4 neighbour. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
