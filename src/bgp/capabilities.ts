/**
 * Capabilities (RFC 5492): one row per code that we understand, with how it is read and written. Others are kept
 * as they came. A code that comes twice replaces what it said before, except multiprotocol and ADD-PATH, which add.
 */
import { copy, privateCopy, putU16, putU32, u16, u32 } from './bytes.ts';

/** RFC 7911 4: what the sender of the capability is able to do. */
export type AddPathMode = 1 | 2 | 3;

export interface GracefulRestart {
  /** The four flag bits: 8 restarted, 4 NOTIFICATION support (RFC 8538). */
  readonly flags: number;
  /** Seconds, 12 bits. */
  readonly restartTime: number;
  readonly families: readonly { readonly afi: number; readonly safi: number; readonly flags: number }[];
}

/** RFC 9494 3.1: families whose routes may be kept for long, and for how many seconds (24 bits). */
export interface LongLivedFamily {
  readonly afi: number;
  readonly safi: number;
  /** GRACEFUL.forwarding */
  readonly flags: number;
  readonly seconds: number;
}

/** RFC 8950 4: NLRI of this family may come with a next hop of that one. */
export interface ExtendedNextHop {
  readonly afi: number;
  readonly safi: number;
  readonly nextHopAfi: number;
}

/** IPv4 unicast by way of IPv6. */
export const IPV6_FOR_IPV4: ExtendedNextHop[] = [{ afi: 1, safi: 1, nextHopAfi: 2 }];

export interface Capabilities {
  multiprotocol: { afi: number; safi: number }[];
  routeRefresh: boolean;
  fourOctetAs: number | undefined;
  extendedNextHop: ExtendedNextHop[];
  extendedMessage: boolean;
  enhancedRefresh: boolean;
  gracefulRestart: GracefulRestart | undefined;
  longLived: readonly LongLivedFamily[] | undefined;
  addPath: { afi: number; safi: number; mode: AddPathMode }[];
  /** RFC 9234 4.1: what the sender is to the other one. */
  role: number | undefined;
  unknown: { code: number; value: Uint8Array }[];
}

export function noCapabilities(): Capabilities {
  return {
    multiprotocol: [],
    routeRefresh: false,
    fourOctetAs: undefined,
    extendedNextHop: [],
    extendedMessage: false,
    enhancedRefresh: false,
    gracefulRestart: undefined,
    longLived: undefined,
    addPath: [],
    role: undefined,
    unknown: [],
  };
}

interface CapabilityRow {
  readonly code: number;
  readonly name: string;
  readonly fits: (length: number) => boolean;
  readonly read: (bytes: Uint8Array, start: number, end: number, into: Capabilities) => void;
  /** One value for each time that the capability is to be sent. */
  readonly write: (from: Capabilities) => Uint8Array[];
}

const NO_ROLE = 256;
const NOTHING = new Uint8Array(0);
const empty = (length: number): boolean => length === 0;

// biome-ignore format: one line per rule
const ROWS: readonly CapabilityRow[] = [
  { code: 1, name: 'multiprotocol (RFC 4760)', fits: (n) => n === 4, read: readMultiprotocol, write: writeMultiprotocol },
  { code: 2, name: 'route refresh (RFC 2918)', fits: empty, read: (_b, _s, _e, into) => { into.routeRefresh = true; }, write: (from) => (from.routeRefresh ? [NOTHING] : []) },
  { code: 5, name: 'extended next hop (RFC 8950)', fits: (n) => n % 6 === 0, read: readExtendedNextHop, write: writeExtendedNextHop },
  { code: 6, name: 'extended message (RFC 8654)', fits: empty, read: (_b, _s, _e, into) => { into.extendedMessage = true; }, write: (from) => (from.extendedMessage ? [NOTHING] : []) },
  { code: 9, name: 'BGP role (RFC 9234)', fits: (n) => n === 1, read: readRole, write: ({ role }) => (role === undefined ? [] : [Uint8Array.of(role)]) },
  { code: 64, name: 'graceful restart (RFC 4724)', fits: (n) => n % 4 === 2, read: readGracefulRestart, write: writeGracefulRestart },
  { code: 65, name: '4-octet AS (RFC 6793)', fits: (n) => n === 4, read: (b, s, _e, into) => { into.fourOctetAs = u32(b, s); }, write: writeFourOctetAs },
  { code: 69, name: 'ADD-PATH (RFC 7911)', fits: (n) => n > 0 && n % 4 === 0, read: readAddPath, write: writeAddPath },
  { code: 70, name: 'enhanced route refresh (RFC 7313)', fits: empty, read: (_b, _s, _e, into) => { into.enhancedRefresh = true; }, write: (from) => (from.enhancedRefresh ? [NOTHING] : []) },
  { code: 71, name: 'long-lived graceful restart (RFC 9494)', fits: (n) => n % 7 === 0, read: readLongLived, write: writeLongLived },
];

const BY_CODE = new Map(ROWS.map((row) => [row.code, row]));

function capabilityName(code: number): string {
  return BY_CODE.get(code)?.name ?? `capability ${code}`;
}

/** Codes and values in the order in which they are sent. */
function* values(capabilities: Capabilities): Generator<{ code: number; value: Uint8Array }> {
  for (const row of ROWS) for (const value of row.write(capabilities)) yield { code: row.code, value };
  yield* capabilities.unknown;
}

export function capabilitiesSize(capabilities: Capabilities): number {
  let size = 0;
  for (const { value } of values(capabilities)) size += 2 + value.length;
  return size;
}

export function encodeCapabilities(capabilities: Capabilities, into: Uint8Array, at: number): number {
  for (const { code, value } of values(capabilities)) {
    into[at++] = code;
    into[at++] = value.length;
    at = copy(value, 0, value.length, into, at);
  }
  return at;
}

/** Adds what stands in [start, end) to `into`; says what is malformed, and where. */
export function decodeCapabilities(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Capabilities,
): { why: string; start: number } | undefined {
  for (let at = start; at < end; ) {
    if (at + 2 > end) return { why: 'capability is cut', start: at };
    const code = bytes[at]!;
    const value = at + 2;
    const next = value + bytes[at + 1]!;
    if (next > end) return { why: `${capabilityName(code)} exceeds its parameter`, start: at };
    const row = BY_CODE.get(code);
    if (row === undefined) into.unknown.push({ code, value: privateCopy(bytes, value, next) });
    else if (row.fits(next - value)) row.read(bytes, value, next, into);
    else return { why: `${row.name} has a wrong length`, start: at };
    at = next;
  }
  return undefined;
}

/** RFC 9234 4.2: several that differ are as a wrong one; no role is that number. */
function readRole(bytes: Uint8Array, start: number, _end: number, into: Capabilities): void {
  const role = bytes[start] as number;
  into.role = into.role === undefined || into.role === role ? role : NO_ROLE;
}

function readMultiprotocol(bytes: Uint8Array, start: number, _end: number, into: Capabilities): void {
  const [afi, safi] = [u16(bytes, start), bytes[start + 3]!];
  if (into.multiprotocol.some((has) => has.afi === afi && has.safi === safi)) return;
  into.multiprotocol.push({ afi, safi });
}

function writeMultiprotocol(from: Capabilities): Uint8Array[] {
  return from.multiprotocol.map(({ afi, safi }) => Uint8Array.of(afi >>> 8, afi, 0, safi));
}

function writeFourOctetAs(from: Capabilities): Uint8Array[] {
  if (from.fourOctetAs === undefined) return [];
  const value = new Uint8Array(4);
  putU32(value, 0, from.fourOctetAs);
  return [value];
}

function readGracefulRestart(bytes: Uint8Array, start: number, end: number, into: Capabilities): void {
  const families: { afi: number; safi: number; flags: number }[] = [];
  for (let at = start + 2; at < end; at += 4) {
    families.push({ afi: u16(bytes, at), safi: bytes[at + 2]!, flags: bytes[at + 3]! });
  }
  const head = u16(bytes, start);
  into.gracefulRestart = { flags: head >>> 12, restartTime: head & 0xfff, families };
}

function writeGracefulRestart(from: Capabilities): Uint8Array[] {
  const restart = from.gracefulRestart;
  if (restart === undefined) return [];
  const value = new Uint8Array(2 + 4 * restart.families.length);
  putU16(value, 0, (restart.flags << 12) | (restart.restartTime & 0xfff));
  restart.families.forEach(({ afi, safi, flags }, i) => {
    value.set([afi >>> 8, afi, safi, flags], 2 + 4 * i);
  });
  return [value];
}

function readLongLived(bytes: Uint8Array, start: number, end: number, into: Capabilities): void {
  const families: LongLivedFamily[] = [];
  for (let at = start; at < end; at += 7) {
    const seconds = u32(bytes, at + 3) & 0xff_ffff;
    families.push({ afi: u16(bytes, at), safi: bytes[at + 2]!, flags: bytes[at + 3]!, seconds });
  }
  into.longLived = families;
}

function writeLongLived(from: Capabilities): Uint8Array[] {
  if (from.longLived === undefined) return [];
  const value = new Uint8Array(7 * from.longLived.length);
  from.longLived.forEach(({ afi, safi, flags, seconds }, i) => {
    value.set([afi >>> 8, afi, safi, flags, seconds >>> 16, seconds >>> 8, seconds], 7 * i);
  });
  return [value];
}

function readExtendedNextHop(bytes: Uint8Array, start: number, end: number, into: Capabilities): void {
  for (let at = start; at < end; at += 6) {
    into.extendedNextHop.push({
      afi: u16(bytes, at),
      safi: u16(bytes, at + 2),
      nextHopAfi: u16(bytes, at + 4),
    });
  }
}

function writeExtendedNextHop(from: Capabilities): Uint8Array[] {
  if (from.extendedNextHop.length === 0) return [];
  const value = new Uint8Array(6 * from.extendedNextHop.length);
  from.extendedNextHop.forEach(({ afi, safi, nextHopAfi }, i) => {
    putU16(value, 6 * i, afi);
    putU16(value, 6 * i + 2, safi);
    putU16(value, 6 * i + 4, nextHopAfi);
  });
  return [value];
}

/** RFC 7911 4: a mode other than 1 to 3 is to be ignored. */
function readAddPath(bytes: Uint8Array, start: number, end: number, into: Capabilities): void {
  for (let at = start; at < end; at += 4) {
    const mode = bytes[at + 3]!;
    if (mode === 1 || mode === 2 || mode === 3) {
      into.addPath.push({ afi: u16(bytes, at), safi: bytes[at + 2]!, mode });
    }
  }
}

function writeAddPath(from: Capabilities): Uint8Array[] {
  if (from.addPath.length === 0) return [];
  return [Uint8Array.from(from.addPath.flatMap(({ afi, safi, mode }) => [afi >>> 8, afi, safi, mode]))];
}
