/**
 * The next hops of a feed, rewritten where they stand: GoBGP takes no next hop of loopback, OpenBGPD none that the
 * kernel cannot reach, and everybody else takes both. Either way the feed has the same length.
 */
import { putU32, u16 } from '../../../src/bgp/bytes.ts';
import { parseIpv4, parseIpv6 } from '../../../src/lab/addresses.ts';
import { AttributeAt } from '../../../src/lab/rewrite.ts';
import type { Neighbour } from '../cases.ts';

/** own: the neighbour's own address; elsewhere: one of the network for benchmarks (RFC 2544), as good for all others. */
export type NextHops = 'own' | 'elsewhere';

const HEADER = 19;
const NEXT_HOP = 3;
const MP_REACH = 14;

export function nextHopOf({ index, address }: Neighbour, kind: NextHops): string {
  return kind === 'own' ? address : `198.18.${index >> 8}.${index & 255}`;
}

function nextHop6Of({ index }: Neighbour, kind: NextHops): string {
  return kind === 'own' ? '::1' : `2001:db8::${(index + 1).toString(16)}`;
}

/** In every UPDATE of a feed. */
export function rewriteNextHops(feed: Uint8Array, neighbour: Neighbour, kind: NextHops): void {
  const word = parseIpv4(nextHopOf(neighbour, kind));
  const address6 = parseIpv6(nextHop6Of(neighbour, kind));
  const attribute = new AttributeAt();
  for (let message = 0; message < feed.length; message += u16(feed, message + 16)) {
    const lengthAt = message + HEADER + 2 + u16(feed, message + HEADER);
    const end = lengthAt + 2 + u16(feed, lengthAt);
    for (let at = lengthAt + 2; at < end; ) {
      at = attribute.read(feed, at);
      if (attribute.type === NEXT_HOP) putU32(feed, attribute.from, word);
      // RFC 4760 3: address family and the length of the next hop stand before it.
      else if (attribute.type === MP_REACH) feed.set(address6, attribute.from + 4);
    }
  }
}
