/**
 * MRT (RFC 6396, RFC 8050): the numbers of the format, and the header that every record begins with.
 *
 *     0           4      6         8        12
 *     +-----------+------+---------+--------+---------
 *     | timestamp | type | subtype | length | message …
 *     +-----------+------+---------+--------+---------
 *
 * The types whose names end in _ET have 4 octets of microseconds at the start of the message.
 */
import { Afi, Safi } from '../bgp/families.ts';

export const MRT_HEADER = 12;

export const MrtType = { TableDump: 12, TableDumpV2: 13, Bgp4mp: 16, Bgp4mpEt: 17 } as const;

/** RFC 6396 4.3 and RFC 8050 4.1. */
export const TableDumpV2 = {
  PeerIndexTable: 1,
  RibIpv4Unicast: 2,
  RibIpv6Unicast: 4,
  RibGeneric: 6,
  RibGenericAddPath: 12,
} as const;

export interface RibRow {
  readonly subtype: number;
  readonly afi: number;
  readonly safi: number;
  readonly addPath: boolean;
}

/** The AFI/SAFI-specific RIB subtypes. */
export const RIB_ROWS: readonly RibRow[] = [
  { subtype: 2, afi: Afi.Ipv4, safi: Safi.Unicast, addPath: false },
  { subtype: 3, afi: Afi.Ipv4, safi: Safi.Multicast, addPath: false },
  { subtype: 4, afi: Afi.Ipv6, safi: Safi.Unicast, addPath: false },
  { subtype: 5, afi: Afi.Ipv6, safi: Safi.Multicast, addPath: false },
  { subtype: 8, afi: Afi.Ipv4, safi: Safi.Unicast, addPath: true },
  { subtype: 9, afi: Afi.Ipv4, safi: Safi.Multicast, addPath: true },
  { subtype: 10, afi: Afi.Ipv6, safi: Safi.Unicast, addPath: true },
  { subtype: 11, afi: Afi.Ipv6, safi: Safi.Multicast, addPath: true },
];

export interface Bgp4mpRow {
  readonly subtype: number;
  readonly message: boolean;
  readonly asSize: 2 | 4;
  /** Sent by the collector, not received. */
  readonly local: boolean;
  readonly addPath: boolean;
}

/** RFC 6396 4.4 and RFC 8050 3; the subtypes 2 and 3 (ENTRY, SNAPSHOT) were withdrawn and are skipped. */
export const BGP4MP_ROWS: readonly Bgp4mpRow[] = [
  { subtype: 0, message: false, asSize: 2, local: false, addPath: false },
  { subtype: 1, message: true, asSize: 2, local: false, addPath: false },
  { subtype: 4, message: true, asSize: 4, local: false, addPath: false },
  { subtype: 5, message: false, asSize: 4, local: false, addPath: false },
  { subtype: 6, message: true, asSize: 2, local: true, addPath: false },
  { subtype: 7, message: true, asSize: 4, local: true, addPath: false },
  { subtype: 8, message: true, asSize: 2, local: false, addPath: true },
  { subtype: 9, message: true, asSize: 4, local: false, addPath: true },
  { subtype: 10, message: true, asSize: 2, local: true, addPath: true },
  { subtype: 11, message: true, asSize: 4, local: true, addPath: true },
];

/** What is wrong with a file, and where in its (decompressed) content. */
export class MrtError extends Error {
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, why: string) {
    super(`${file}: ${why}, at offset ${offset}`);
    this.name = 'MrtError';
    this.file = file;
    this.offset = offset;
  }
}
