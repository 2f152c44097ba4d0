/**
 * Address families (RFC 4760): the numbers on the wire, the names in the configuration, and one bit each
 * for sets of families, as graftd routes IPv4 and IPv6 unicast.
 */

export const Afi = { Ipv4: 1, Ipv6: 2 } as const;
export const Safi = { Unicast: 1, Multicast: 2, LabeledUnicast: 4, Vpn: 128 } as const;

export type Family = 'ipv4-unicast' | 'ipv6-unicast';

export const FAMILY_IPV4 = 1;
export const FAMILY_IPV6 = 2;

interface FamilyRow {
  readonly family: Family;
  readonly afi: number;
  readonly safi: number;
  readonly bit: number;
  /** The longest prefix. */
  readonly bits: number;
}

export const FAMILIES: readonly FamilyRow[] = [
  { family: 'ipv4-unicast', afi: Afi.Ipv4, safi: Safi.Unicast, bit: FAMILY_IPV4, bits: 32 },
  { family: 'ipv6-unicast', afi: Afi.Ipv6, safi: Safi.Unicast, bit: FAMILY_IPV6, bits: 128 },
];

/** The bit of a family of ours, 0 for any other. */
export function familyBit(afi: number, safi: number): number {
  if (safi !== Safi.Unicast) return 0;
  return afi === Afi.Ipv4 ? FAMILY_IPV4 : afi === Afi.Ipv6 ? FAMILY_IPV6 : 0;
}

export function familyBits(families: readonly Family[]): number {
  return FAMILIES.reduce((bits, row) => (families.includes(row.family) ? bits | row.bit : bits), 0);
}

export function familyNames(bits: number): Family[] {
  return FAMILIES.filter((row) => bits & row.bit).map((row) => row.family);
}

/** AFI and SAFI of every family in the set, as the multiprotocol capability wants them. */
export function multiprotocolOf(bits: number): { afi: number; safi: number }[] {
  return FAMILIES.filter((row) => bits & row.bit).map(({ afi, safi }) => ({ afi, safi }));
}
