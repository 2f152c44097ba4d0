/**
 * Test vectors of other BGP implementations, each as the whole messages that a neighbour would send: parts of messages (an
 * attribute, a capability, the body of a NOTIFICATION) are put into the least message that is right around them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ATTRIBUTE_ROWS } from '../../src/bgp/attribute-table.ts';
import { dataFile } from './data.ts';

export interface Vector {
  readonly id: string;
  readonly form: string;
  readonly hex: string;
  readonly what: string;
  readonly expect: string;
  readonly expect_json?: unknown;
  readonly peer?: string;
}

/** One or more messages, and what the session that they come on has agreed upon. */
export interface Framed {
  readonly bytes: Uint8Array;
  readonly fourOctetAs: boolean;
  readonly external: boolean;
  /** RFC 8950 */
  readonly extendedNextHop: boolean;
}

/** By file, without its ending; undefined where the data are absent. */
export function loadVectors(): Map<string, Vector[]> | undefined {
  const folder = dataFile('vectors');
  if (folder === undefined) return undefined;
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(
    files.map((name) => [
      name.slice(0, -5),
      JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Vector[],
    ]),
  );
}

export function octetsOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

const half = (value: number): number[] => [value >>> 8, value & 255];
const MARKER = new Array<number>(16).fill(255);
const message = (type: number, body: readonly number[]): number[] => [
  ...MARKER,
  ...half(19 + body.length),
  type,
  ...body,
];
const update = (attributes: readonly number[], nlri: readonly number[]): number[] =>
  message(2, [0, 0, ...half(attributes.length), ...attributes, ...nlri]);
const open = (parameters: readonly number[]): number[] =>
  message(1, [4, 0xfd, 0xe9, 0, 180, 10, 0, 0, 1, parameters.length, ...parameters]);
const capability = (bytes: readonly number[]): number[] => open([2, bytes.length, ...bytes]);
const attribute = (flags: number, type: number, value: readonly number[]): number[] => [
  flags | 0x10,
  type,
  ...half(value.length),
  ...value,
];

const ORIGIN = [0x40, 1, 1, 0];
const PATH = [0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0xe9];
const NARROW_PATH = [0x40, 2, 4, 2, 1, 0xfd, 0xe9];
const HOP = [0x40, 3, 4, 10, 0, 0, 2];
const PREFIX = [24, 203, 0, 113];

/** An attribute (header and all) of this type in place of the right one. */
function withAttribute(type: number, bytes: readonly number[], path = PATH): number[] {
  const rest = [ORIGIN, path, HOP].filter((each) => each[1] !== type);
  const routesElsewhere = type === 14 || type === 15;
  return update([...rest.flat(), ...bytes], routesElsewhere ? [] : PREFIX);
}

function withValue(type: number, value: readonly number[]): number[] {
  const flags = ATTRIBUTE_ROWS.find((row) => row.type === type)?.category ?? 0xc0;
  return withAttribute(type, attribute(flags, type, value));
}

/** NLRI of a family that is not ours (EVPN). */
const otherNlri = (bytes: readonly number[]): number[] =>
  withValue(14, [0, 25, 70, 4, 10, 0, 0, 2, 0, ...bytes]);

const UNKNOWN = 0;

/** NetGauze's tests of single values begin with the length octets that stand before them. */
const NETGAUZE_VALUES: readonly (readonly [test: RegExp, type: number])[] = [
  [/\/test_as4_path_segments\//, 2],
  [/\/test_next_hop\//, 3],
  [/\/test_multi_exit_discriminator\//, 4],
  [/\/test_local_preference\//, 5],
  [/\/test_atomic_aggregate\//, 6],
  [/\/test_as2_aggregator\//, 7],
  [/\/test_mp_reach_nlri_ipv4_ipv6_next_hop\//, 14],
  [/\/test_unknown_attribute\//, UNKNOWN],
];

function netgauzeAttribute(id: string, bytes: number[]): number[] {
  for (const [test, type] of NETGAUZE_VALUES) {
    if (!test.test(id)) continue;
    const extended = /extended|test_as4_path_segments|test_mp_reach/.test(id);
    const flags = (ATTRIBUTE_ROWS.find((row) => row.type === type)?.category ?? 0xc0) | (extended ? 0x10 : 0);
    // An unknown attribute comes with its type.
    const header = type === UNKNOWN ? [flags] : [flags, type];
    return withAttribute(type, [...header, ...bytes], type === 7 ? NARROW_PATH : PATH);
  }
  if (/\/test_as4_path_segment\//.test(id)) return withValue(2, bytes);
  if (/\/test_segment_identifier_bad/.test(id)) return withValue(40, bytes);
  return withAttribute(bytes[1] as number, bytes, bytes[1] === 7 ? NARROW_PATH : PATH);
}

function netgauzeCapability(id: string, bytes: number[]): number[] {
  // The code is left out where the value has a parser of its own.
  return capability(/extended_next_hop/.test(id) ? [5, ...bytes] : bytes);
}

const SCAPY: Readonly<Record<string, (bytes: number[]) => number[]>> = {
  BGPNLRI_IPv4: (bytes) => update([...ORIGIN, ...PATH, ...HOP], bytes),
  BGPCapORFBlock: (bytes) => capability([3, bytes.length + 2, ...bytes, 0, 0]),
  BGPCapORF: capability,
  GRTuple: (bytes) => capability([64, 2 + bytes.length, 0, 120, ...bytes]),
  BGPCapGracefulRestart: capability,
  BGPCapFourBytesASN: capability,
  BGPPAASPath: (bytes) => withValue(2, bytes),
  BGPPANextHop: (bytes) => withValue(3, bytes),
  BGPPALocalPref: (bytes) => withValue(5, bytes),
  BGPPACommunity: (bytes) => withValue(8, bytes),
  BGPPAClusterList: (bytes) => withValue(10, bytes),
  BGPPAMPReachNLRI: (bytes) => withValue(14, bytes),
  BGPPAMPUnreachNLRI: (bytes) => withValue(15, bytes),
  BGPPALargeCommunity: (bytes) => withValue(32, bytes),
};

/** yabgp's attributes stand with their header where they are constructed, and without it where they are parsed. */
function yabgp(form: string, id: string, bytes: number[]): number[] {
  if (form === 'open') return message(1, bytes);
  if (form === 'update') {
    // Of the first two only the field with the path identifiers is meant.
    return /prefix_v4_addpath|prefix_list_with_addpath/.test(id)
      ? update([...ORIGIN, ...PATH, ...HOP], bytes)
      : message(2, bytes);
  }
  if (form === 'attribute/nlri/ipv6_unicast') {
    return withValue(14, [0, 2, 1, 16, 0x20, 1, ...new Array<number>(13).fill(0), 1, 0, ...bytes]);
  }
  if (form.startsWith('attribute/nlri/')) return otherNlri(bytes);
  if (form === 'attribute/extcommunity') return withValue(16, bytes);
  if (form === 'attribute/pmsitunnel') return withValue(22, bytes);
  if (form === 'attribute/tunnelencaps') return withValue(23, bytes);
  const type = form === 'attribute/mpunreachnlri' ? 15 : 14;
  if (/construct_nexthop/.test(id)) return withValue(14, [0, 1, 128, bytes.length, ...bytes, 0]);
  return bytes[1] === type ? withAttribute(type, bytes) : withValue(type, bytes);
}

function frame(source: string, { form, id, hex }: Vector): number[] | undefined {
  const bytes = octetsOf(hex);
  if (source === 'yabgp' && form !== 'message') return yabgp(form, id, bytes);
  const scapy = SCAPY[form];
  if (scapy !== undefined) return scapy(bytes);
  const value = /^attr_value_(\d+)$/.exec(form);
  if (value !== null) return withValue(Number(value[1]), bytes);
  switch (form) {
    case 'message':
    case 'bytes':
      return bytes;
    case 'update_body':
      return message(2, bytes);
    case 'update_or_open_without_marker':
      return message(2, bytes);
    case 'attrs':
      return update(bytes, /mp-reach/.test(id) ? [] : PREFIX);
    case 'as_path_segments_2octet':
      return withAttribute(2, attribute(0x40, 2, bytes));
    case 'capability':
      return capability(bytes);
    case 'capabilities':
      return netgauzeCapability(id, bytes);
    case 'open_optional_parameters':
      return open(bytes);
    case 'dynamic_capability':
      return message(6, bytes);
    case 'open':
      return message(1, bytes);
    case 'notification':
      return message(3, bytes);
    case 'route_refresh':
    case 'mod':
      return message(5, bytes);
    case 'update':
      return update([...ORIGIN, ...PATH, ...HOP], bytes);
    case 'path_attribute':
      return netgauzeAttribute(id, bytes);
    case 'community':
      // Seven octets: the type in front of them is the parser's that is tested.
      return withValue(16, [0x40, ...bytes]);
    case 'nlri':
      return /test_ipv6_unicast/.test(id)
        ? withValue(14, [0, 2, 1, 16, 0x20, 1, ...new Array<number>(13).fill(0), 1, 0, ...bytes])
        : otherNlri(bytes);
    case 'bgp_ls':
      if (/test_wire/.test(id)) return withAttribute(14, bytes);
      if (/mp_reach/.test(id)) return withValue(14, [0x40, 4, 72, 12, ...bytes.slice(3)]);
      return /_sid/.test(id)
        ? withValue(29, bytes)
        : withValue(14, [0x40, 4, 71, 4, 10, 0, 0, 2, 0, ...bytes]);
    default:
      return undefined;
  }
}

/** Sources whose messages come from sessions of 2-octet ASes, or are made of them. */
function isNarrow(source: string, { id, form }: Vector): boolean {
  if (form === 'as_path_segments_2octet' || form === 'BGPPAASPath') return true;
  return /as2_aggregator|2byteas/.test(id) || (source === 'routecore' && /as4path/.test(id));
}

function isExternal(source: string, { id, peer }: Vector): boolean {
  if (peer !== undefined) return peer === 'ebgp';
  if (source === 'frr') return !/ibgp/.test(id) && !/\/conf/.test(id) && !/reconcile_confed/.test(id);
  return false;
}

/** Undefined where the form is not known. */
export function framed(source: string, vector: Vector): Framed | undefined {
  const bytes = frame(source, vector);
  if (bytes === undefined) return undefined;
  return {
    bytes: Uint8Array.from(bytes),
    fourOctetAs: !isNarrow(source, vector),
    external: isExternal(source, vector),
    extendedNextHop: /extended-nexthop|ipv4_ipv6_next_hop/.test(vector.id),
  };
}
