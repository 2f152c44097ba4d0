/** Our end of a session's connection, as what routes are told to go through. */
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION } from '../fabric/layout.ts';

export interface OwnAddress {
  /** Over IPv6 there is none: our BGP Identifier stands in. */
  readonly ipv4: Uint8Array;
  /** An IPv4 address goes into IPv6 as ::ffff:a.b.c.d. Behind it is the link-local address, where the neighbour is on the same link. */
  readonly ipv6: Uint8Array;
  readonly overIpv6: boolean;
}

export function ownAddress(fabric: Fabric, session: number, localId: number): OwnAddress {
  // RFC 2545 3
  const onLink = fabric.session(session, SESSION.linkLocal) !== 0;
  const ipv6 = new Uint8Array(onLink ? 32 : 16);
  const view = new DataView(ipv6.buffer);
  for (let i = 0; i < 4; i++) {
    view.setInt32(i * 4, fabric.session(session, SESSION.localAddress + i));
    if (onLink) view.setInt32(16 + i * 4, fabric.session(session, SESSION.linkLocal + i));
  }
  const mapped = view.getUint32(0) === 0 && view.getUint32(4) === 0 && view.getUint32(8) === 0xffff;
  const ipv4 = new Uint8Array(4);
  if (mapped) ipv4.set(ipv6.subarray(12));
  else new DataView(ipv4.buffer).setUint32(0, localId);
  return { ipv4, ipv6, overIpv6: !mapped };
}
