/** Our end of a session's connection, as what routes are told to go through. */
import type { UpdateOptions } from '../../bgp/update.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';

export interface OwnAddress {
  /** Over IPv6 there is none: our BGP Identifier stands in. */
  readonly ipv4: Uint8Array;
  /**
   * An IPv4 address goes into IPv6 as ::ffff:a.b.c.d. On one link with the neighbour it is the global address and the link-local one
   * behind it (RFC 2545 3), or a link-local one alone where there is no other.
   */
  readonly ipv6: Uint8Array;
  readonly overIpv6: boolean;
}

export function ownAddress(fabric: Fabric, session: number, localId: number): OwnAddress {
  const local = wordsOf(fabric, session, SESSION.localAddress);
  const view = new DataView(local.buffer);
  const mapped = view.getUint32(0) === 0 && view.getUint32(4) === 0 && view.getUint32(8) === 0xffff;
  const ipv4 = new Uint8Array(4);
  if (mapped) ipv4.set(local.subarray(12));
  else new DataView(ipv4.buffer).setUint32(0, localId);
  return { ipv4, ipv6: onLink(local, wordsOf(fabric, session, SESSION.otherAddress)), overIpv6: !mapped };
}

/** Our end of the connection with an external neighbour, which routes that it tells do not go through (RFC 4271 5.1.3, 6.3). */
export function ownEnd(fabric: Fabric, session: number): Pick<UpdateOptions, 'own4' | 'own6'> {
  const [a = 0, b = 0, c = 0, d = 0] = [0, 1, 2, 3].map(
    (i) => fabric.session(session, SESSION.localAddress + i) >>> 0,
  );
  return a === 0 && b === 0 && c === 0xffff
    ? { own4: d, own6: undefined }
    : { own4: undefined, own6: [a, b, c, d] };
}

function onLink(local: Uint8Array, other: Uint8Array): Uint8Array {
  if (other.every((octet) => octet === 0)) return local;
  const isLinkLocal = local[0] === 0xfe && (local[1]! & 0xc0) === 0x80;
  return isLinkLocal ? Uint8Array.of(...other, ...local) : Uint8Array.of(...local, ...other);
}

function wordsOf(fabric: Fabric, session: number, word: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 4; i++) view.setInt32(i * 4, fabric.session(session, word + i));
  return bytes;
}
