/**
 * The routes that an UPDATE of an MRT file announces and withdraws, of all families whose NLRI are prefixes.
 * The messages were taken by the collector as right, so this only walks; what does not fit is left out.
 */
import { AttributeFlag, AttributeType } from '../bgp/attribute-table.ts';
import { u16 } from '../bgp/bytes.ts';
import { Afi, Safi } from '../bgp/families.ts';
import { prefixEnd } from '../bgp/nlri.ts';

/** `at` is where the prefix stands, behind its Path Identifier where there is one. */
export type OnRoute = (announced: boolean, afi: number, safi: number, at: number) => void;

/** [start, end) is the body of the UPDATE, behind its header; false where it does not parse. */
export function forEachRoute(
  bytes: Uint8Array,
  start: number,
  end: number,
  addPath: boolean,
  onRoute: OnRoute,
): boolean {
  const withdrawnEnd = start + 2 + u16(bytes, start);
  if (!(withdrawnEnd + 2 <= end)) return false;
  const attributesEnd = withdrawnEnd + 2 + u16(bytes, withdrawnEnd);
  if (!(attributesEnd <= end)) return false;
  let right = forPrefixes(bytes, start + 2, withdrawnEnd, addPath, false, Afi.Ipv4, Safi.Unicast, onRoute);
  for (let at = withdrawnEnd + 2; at + 3 <= attributesEnd; ) {
    const extended = (bytes[at]! & AttributeFlag.ExtendedLength) !== 0;
    const value = at + (extended ? 4 : 3);
    const next = value + (extended ? u16(bytes, at + 2) : bytes[at + 2]!);
    if (!(next <= attributesEnd)) return false;
    const type = bytes[at + 1];
    if (type === AttributeType.MpReach) right = mpReach(bytes, value, next, addPath, onRoute) && right;
    else if (type === AttributeType.MpUnreach)
      right = mpUnreach(bytes, value, next, addPath, onRoute) && right;
    at = next;
  }
  return forPrefixes(bytes, attributesEnd, end, addPath, true, Afi.Ipv4, Safi.Unicast, onRoute) && right;
}

function mpReach(bytes: Uint8Array, value: number, end: number, addPath: boolean, onRoute: OnRoute): boolean {
  if (end - value < 5) return false;
  const nlri = value + 5 + bytes[value + 3]!;
  return forPrefixes(bytes, nlri, end, addPath, true, u16(bytes, value), bytes[value + 2]!, onRoute);
}

function mpUnreach(
  bytes: Uint8Array,
  value: number,
  end: number,
  addPath: boolean,
  onRoute: OnRoute,
): boolean {
  if (end - value < 3) return false;
  return forPrefixes(bytes, value + 3, end, addPath, false, u16(bytes, value), bytes[value + 2]!, onRoute);
}

function forPrefixes(
  bytes: Uint8Array,
  from: number,
  to: number,
  addPath: boolean,
  announced: boolean,
  afi: number,
  safi: number,
  onRoute: OnRoute,
): boolean {
  if (afi !== Afi.Ipv4 && afi !== Afi.Ipv6) return true;
  if (safi !== Safi.Unicast && safi !== Safi.Multicast) return true;
  const bits = afi === Afi.Ipv4 ? 32 : 128;
  let at = from;
  while (at < to) {
    if (addPath) at += 4;
    const next = prefixEnd(bytes, at);
    if (!(next <= to) || bytes[at]! > bits) return false;
    onRoute(announced, afi, safi, at);
    at = next;
  }
  return at === to;
}
