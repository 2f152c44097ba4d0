/** A route that is written down, for policies to be tried on: no table, no session, one prefix. */
import { type AddressPrefix, ipv6Word } from '../base/address.ts';
import {
  AttributeType,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Segment,
  WELL_KNOWN,
} from '../bgp/attributes.ts';
import { putU32 } from '../bgp/bytes.ts';
import { writeAttribute } from '../bgp/canonical.ts';
import { SESSION, SESSION_FLAG } from '../fabric/layout.ts';
import { AttributeView } from './attributes.ts';
import type { Neighbor, RouteSource } from './conditions.ts';

export interface ExampleRoute {
  readonly prefix: AddressPrefix;
  /** A sequence; and an AS_SET behind it. */
  readonly path: readonly number[];
  readonly set: readonly number[];
  readonly origin: number;
  readonly nextHop: Uint8Array;
  readonly med?: number | undefined;
  readonly localPref?: number | undefined;
  /** Octets of all of them. */
  readonly communities: readonly number[];
  readonly largeCommunities: readonly number[];
  readonly extCommunities: readonly number[];
}

function quad(value: number): number[] {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return [...bytes];
}

function segment(type: number, ases: readonly number[]): number[] {
  return ases.length === 0 ? [] : [type, ases.length, ...ases.flatMap(quad)];
}

export function exampleView(route: ExampleRoute): AttributeView {
  const ipv6 = route.prefix.bytes.length === 16;
  const into = new Uint8Array(65_536);
  let at = 0;
  const write = (flags: number, type: number, value: ArrayLike<number> | undefined): void => {
    if (value === undefined || (value.length === 0 && type >= AttributeType.Communities)) return;
    at = writeAttribute(Uint8Array.from(value), 0, value.length, flags, type, into, at);
  };
  const path = [...segment(Segment.Sequence, route.path), ...segment(Segment.Set, route.set)];
  write(WELL_KNOWN, AttributeType.Origin, [route.origin]);
  write(WELL_KNOWN, AttributeType.AsPath, path);
  if (!ipv6) write(WELL_KNOWN, AttributeType.NextHop, route.nextHop);
  write(
    OPTIONAL_NON_TRANSITIVE,
    AttributeType.MultiExitDisc,
    route.med === undefined ? undefined : quad(route.med),
  );
  write(
    WELL_KNOWN,
    AttributeType.LocalPref,
    route.localPref === undefined ? undefined : quad(route.localPref),
  );
  write(OPTIONAL_TRANSITIVE, AttributeType.Communities, route.communities);
  if (ipv6) write(OPTIONAL_NON_TRANSITIVE, AttributeType.MpReach, [16, ...route.nextHop]);
  write(OPTIONAL_TRANSITIVE, AttributeType.ExtendedCommunities, route.extCommunities);
  write(OPTIONAL_TRANSITIVE, AttributeType.LargeCommunities, route.largeCommunities);
  return new AttributeView(into, 0, at);
}

/** The id of the one prefix of an example. */
export function exampleId({ bytes }: AddressPrefix): number {
  return bytes.length === 16 ? 1 : 0;
}

/** A table of this one prefix, told by this neighbour. */
export function exampleSource({ bytes, length }: AddressPrefix, from: Neighbor): RouteSource {
  const words = [0, 1, 2, 3].map((i) => (i * 4 < bytes.length ? ipv6Word(bytes, i) : 0));
  const prefixes = {
    base6: 1,
    address4: () => words[0] as number,
    length4: () => length,
    keys6: Uint32Array.of(...words, length),
    lengthOf: () => length,
  } as unknown as RouteSource['prefixes'];
  const address =
    from.address.length === 16
      ? from.address
      : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...from.address);
  return {
    prefixes,
    session(_, word) {
      if (word === SESSION.peerAs) return from.as;
      if (word === SESSION.flags) return from.external ? SESSION_FLAG.external : 0;
      return ipv6Word(address, word - SESSION.peerAddress);
    },
  };
}
