/**
 * The memory map of the fabric: every SharedArrayBuffer, its size, and who writes it. The words of its records are in
 * layout.ts.
 *
 *   prefixSlots4/6   hash slots, PrefixId+1, twice     any blade, compare-and-swap from 0; the chassis empties the
 *                                                      table that is not in use
 *   prefixRecords    4 words by PrefixId               see PREFIX_RECORD, layout.ts
 *   prefixKeys6      [address …, length] by PrefixId   the blade that claimed the id, before it publishes it
 *   attributeSlots   hash slots, AttrId, twice         as prefixSlots
 *   slotLevels       which level of a table is open, and how full it is: see slot-levels.ts
 *   attributeRows    8 words by AttrId                 the blade that claimed the id, before it publishes it; the offset:
 *                                                      the chassis, too
 *   attributeBytes   canonical path attributes         the same
 *   attributeTraits  an octet by AttrId                as attributeRows
 *   recipes          by what neighbours are told       the blade that claimed the number
 *   nextHop…         next hops and their costs         see next-hops.ts
 *   pages            pages of 1024 words               the owner of the column that a page hangs in
 *   pageLinks        by free page the next one         who puts a page there
 *   pageOwners       thread + 1 that last took a page  that thread, before it hangs the page in or takes it out
 *                      into its hands
 *   directories      page numbers by column            the owner of the column
 *   best             two words by blade and PrefixId:  that blade
 *                      its Loc-RIB; but for the first
 *                      one's, see prefixRecords
 *   fabricRings      records, by ordered pair          head: the sending blade; tail: the receiving one
 *   connections      control words, by session and     see CONNECTION, layout.ts
 *                      connection (0 dialled, 1 accepted)
 *   receive,         bytes, by session and connection  receive: the line card; transmit: the home blade
 *     transmit
 *   couriers         what a blade is just sending and  that blade, and the kernel; see COURIER, layout.ts
 *                    receiving
 *   sessions,        records by session                the home blade, but for HOME (see SESSION there)
 *     sessionNumbers
 *   views            out views, four words each        see VIEW, rib/adj-rib-out.ts
 *   grafts,          graft slots                       see GRAFT and GRAFT_TIME there
 *     graftTimes
 *   bells            doorbells by thread               anybody, see doorbell.ts
 *   epochs           quiescence counters by thread     that thread
 *   ready            sessions with news, bit sets      atomic or by whoever has news, atomic and by whoever takes it
 *   box              which blades run, who was lost    the chassis
 *   bladeWords       what a blade leaves behind        that blade
 *   journals         prefixes whose UPDATEs are just   the blade that exports
 *                      being sent, by blade
 *   pools            ids and blocks of bytes: the next next: atomic add; tail: compare-and-swap; head: the chassis
 *                      one, and those that came back
 *   freeNumbers      what came back, by pool           the chassis
 *   stamps           by number, when it was taken      who took it
 *   allocator        next unused page, view            atomic add; `sessions`: the chassis
 *   freePages        the tops of two stacks            compare-and-swap, see pages.ts
 *   bladeNumbers,    numbers for people, by thread     that thread
 *     cardNumbers
 *
 * Memory is reserved, not used: the operating system commits a page when it is first touched.
 */
import { type Giving, systemGiving } from '../base/giving.ts';
import {
  ALLOCATOR,
  ATTRIBUTE_ROW,
  BLADE_NUMBER,
  BLADE_WORD,
  BOX,
  CARD_NUMBER,
  CONNECTION,
  CONNECTIONS_PER_SESSION,
  COURIER,
  GRAFT,
  GRAFT_TIME,
  JOURNAL_WORDS,
  LEVELLED,
  PAGE_WORDS,
  POOL,
  POOLS,
  PREFIX_RECORD,
  RECIPE,
  RECIPES,
  RING,
  SESSION,
  SESSION_NUMBER,
  SLOT_LEVELS,
} from './layout.ts';

export interface FabricOptions {
  readonly blades: number;
  readonly lineCards: number;
  /** Sessions at most. */
  readonly sessions: number;
  /** Distinct prefixes at most, a power of two each. */
  readonly prefixes4: number;
  readonly prefixes6: number;
  /** Distinct attribute sets at most; a power of two (three quarters of it can be used). */
  readonly attributes: number;
  readonly attributeBytes: number;
  /** Pages of 1024 words. */
  readonly pages: number;
  /** Records in a ring between two blades; a power of two. */
  readonly ringRecords: number;
  /** Bytes in a ring between a connection and its blade, each way; a power of two. */
  readonly receiveBytes: number;
  readonly transmitBytes: number;
  /** Grafts under way at the same time at most (32 at the most). */
  readonly grafts: number;
  /** Next hops at most, a power of two; 0 or none: they are not resolved. */
  readonly nextHops?: number;
  /** By pool (POOLS), so many numbers and no more, for tests that fill tables. */
  readonly most?: Readonly<Record<number, number>>;
  /** Lanes of a session that has any: columns for further routes of a prefix, beside its own; and how many can have some. */
  readonly lanes?: number;
  readonly lanedSessions?: number;
}

/** How many numbers a pool has. */
export function poolLimit(options: FabricOptions, which: number): number {
  return Math.min(naturalLimit(options, which), options.most?.[which] ?? Number.POSITIVE_INFINITY);
}

function naturalLimit(options: FabricOptions, which: number): number {
  switch (which) {
    case POOLS.prefixes4:
      return options.prefixes4;
    case POOLS.prefixes6:
      return options.prefixes6;
    case POOLS.attributes:
      // Past three quarters, probing open addressing gets long. Id 0 is no set.
      return Math.floor(options.attributes * 0.75) - 1;
    case POOLS.nextHops:
      // Id 0 is none.
      return Math.max(0, (options.nextHops ?? 0) - 1);
    default:
      return Math.floor(options.attributeBytes / byteBlock(options));
  }
}

/** Slots of each level of a table of attribute sets; of the second one three quarters can be used, and no more are there. */
export function setSlots({ attributes }: FabricOptions): readonly [number, number] {
  return [Math.max(1, attributes >>> 2), attributes];
}

/** Of a table of IPv4 prefixes: the second one is half full at most. */
export function prefixSlots4({ prefixes4 }: FabricOptions): readonly [number, number] {
  return [prefixes4, 2 * prefixes4];
}

function bothTables([first, second]: readonly [number, number]): number {
  return 2 * (first + second) * 4;
}

/** Octets of a block of attribute bytes: a set stands in one of them. A power of two. */
export function byteBlock({ attributeBytes }: FabricOptions): number {
  return Math.min(1 << 17, Math.max(1 << 10, 2 ** Math.floor(Math.log2(attributeBytes / 64))));
}

/** Out views: one a session, one a group and blade, and frozen bases behind them. */
export function outViews(options: FabricOptions): number {
  return options.sessions * 2 + options.blades * 16 + 32;
}

/** What has an Adj-RIB-In column and a record: sessions, and behind them their lanes. */
export function sources(options: FabricOptions): number {
  return options.sessions + (options.lanes ?? 0) * (options.lanedSessions ?? 0);
}

/** First of an out view's two columns. */
export function viewColumn(options: FabricOptions, view: number): number {
  return sources(options) + 2 * view;
}

/** The first of the columns of what was received, by source, where it is not what stands in adjRibIn. */
export function receivedColumns(options: FabricOptions): number {
  return viewColumn(options, outViews(options));
}

/** Path identifiers of the routes in a source's column, beside them. */
export function pathColumn(options: FabricOptions, source: number): number {
  return receivedColumns(options) + sources(options) + source;
}

/**
 * Columns: adjRibIn by source, then two (attribute, source) by out view, then one more by source (rib/received.ts), and the path
 * identifiers by source where there are lanes (rib/paths.ts).
 */
export function columnCount(options: FabricOptions): number {
  return pathColumn(options, (options.lanes ?? 0) > 0 ? sources(options) : 0);
}

/** Every id below this can be a PrefixId: IPv4 first, then IPv6. */
export function prefixIds(options: FabricOptions): number {
  return options.prefixes4 + options.prefixes6;
}

export function pagesPerColumn(options: FabricOptions): number {
  return Math.ceil(prefixIds(options) / PAGE_WORDS);
}

export type FabricMemory = {
  readonly options: FabricOptions;
  /** Where the pages begin in theirs: where one of the system's does, so that each of ours can be given back by itself. */
  readonly pagesAt: number;
} & {
  readonly [name in (typeof BUFFERS)[number][0]]: SharedArrayBuffer;
};

/** Name and size in bytes of every buffer. */
const BUFFERS = [
  ['prefixSlots4', (o: FabricOptions) => bothTables(prefixSlots4(o))],
  ['prefixRecords', (o) => prefixIds(o) * PREFIX_RECORD.words * 4],
  ['prefixSlots6', (o) => 2 * o.prefixes6 * 2 * 4],
  ['prefixKeys6', (o) => o.prefixes6 * 5 * 4],
  ['attributeSlots', (o) => bothTables(setSlots(o))],
  ['slotLevels', () => LEVELLED.count * SLOT_LEVELS.words * 4],
  ['attributeRows', (o) => o.attributes * ATTRIBUTE_ROW.words * 4],
  ['attributeBytes', (o) => o.attributeBytes],
  ['attributeTraits', (o) => o.attributes],
  ['recipes', () => (RECIPES + 1) * RECIPE.words * 4],
  ['nextHopSlots', (o) => (o.nextHops ?? 0) * 2 * 4],
  ['nextHopKeys', (o) => (o.nextHops ?? 0) * 4 * 4],
  ['nextHopMetrics', (o) => (o.nextHops ?? 0) * 4],
  ['nextHopChanges', (o) => (o.nextHops ?? 0) * 4],
  ['nextHopsOfSets', (o) => (o.nextHops ? o.attributes * 4 : 0)],
  ['pages', (o) => (o.pages + 1) * PAGE_WORDS * 4],
  ['pageLinks', (o) => o.pages * 4],
  ['pageOwners', (o) => o.pages],
  ['directories', (o) => columnCount(o) * pagesPerColumn(o) * 4],
  ['best', (o) => (o.blades - 1) * prefixIds(o) * 2 * 4],
  ['fabricRings', (o) => o.blades * o.blades * (RING.words + o.ringRecords * 2) * 4],
  ['connections', (o) => o.sessions * CONNECTIONS_PER_SESSION * CONNECTION.words * 4],
  ['receive', (o) => o.sessions * CONNECTIONS_PER_SESSION * o.receiveBytes],
  ['transmit', (o) => o.sessions * CONNECTIONS_PER_SESSION * o.transmitBytes],
  ['couriers', (o) => o.blades * COURIER.words * 4],
  ['sessions', (o) => sources(o) * SESSION.words * 4],
  ['sessionNumbers', (o) => o.sessions * SESSION_NUMBER.words * 8],
  ['views', (o) => outViews(o) * 4 * 4],
  ['grafts', (o) => o.grafts * GRAFT.words * 4],
  ['graftTimes', (o) => o.grafts * GRAFT_TIME.words * 8],
  ['bells', (o) => (o.blades + o.lineCards + 1) * 16 * 4],
  ['epochs', (o) => (o.blades + 1) * 16 * 4],
  ['ready', (o) => (1 + o.lineCards) * Math.ceil(o.sessions / 32) * 4],
  ['pools', () => POOLS.count * POOL.words * 4],
  ['freeNumbers', (o) => allNumbers(o) * 4],
  ['stamps', (o) => allNumbers(o) * 2],
  ['allocator', () => ALLOCATOR.words * 4],
  ['freePages', () => 16],
  ['bladeNumbers', (o) => o.blades * BLADE_NUMBER.words * 8],
  ['box', () => BOX.words * 4],
  ['bladeWords', (o) => o.blades * BLADE_WORD.words * 4],
  ['journals', (o) => o.blades * JOURNAL_WORDS * 4],
  ['cardNumbers', (o) => o.lineCards * CARD_NUMBER.words * 8],
] as const satisfies readonly (readonly [string, (options: FabricOptions) => number])[];

/** Places for the numbers of all pools, a power of two each. */
function allNumbers(options: FabricOptions): number {
  let all = 0;
  for (let pool = 0; pool < POOLS.count; pool++) all += poolSize(options, pool);
  return all;
}

export function poolSize(options: FabricOptions, pool: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(poolLimit(options, pool), 2)));
}

/** Reserves the whole fabric. */
export function createFabricMemory(options: FabricOptions): FabricMemory {
  const memory: Record<string, unknown> = { options };
  for (const [name, bytes] of BUFFERS) memory[name] = new SharedArrayBuffer(bytes(options));
  const ours = PAGE_WORDS * 4;
  memory.pagesAt =
    (ours - ((systemGiving()?.offsetOf(memory.pages as SharedArrayBuffer) ?? 0) % ours)) % ours;
  begin(memory as FabricMemory, options.blades);
  return memory as FabricMemory;
}

/** As new, with so many slots in use. What nobody touched stays untouched, and costs nothing. */
export function renewFabricMemory(memory: FabricMemory, blades: number): void {
  for (const [name] of BUFFERS) {
    const buffer = memory[name];
    const words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) words[i] = 0;
    new Uint8Array(buffer, words.byteLength).fill(0);
  }
  begin(memory, blades);
}

/** Nobody uses it any more: what it took is the system's at once, and not when V8 finds that it is nobody's. */
export function forgetFabricMemory(memory: FabricMemory, giving: Giving | undefined): void {
  for (const [name] of BUFFERS) giving?.forget(memory[name], 0, memory[name].byteLength);
}

function begin({ allocator, box, options }: FabricMemory, blades: number): void {
  new Int32Array(allocator)[ALLOCATOR.sessions] = options.sessions;
  new Int32Array(box)[BOX.blades] = blades;
}

/** Sizes for a chassis with this many blades and sessions; about 4 GiB of addresses, touched as needed. */
export function defaultFabricOptions(blades: number, sessions: number, lineCards = 1): FabricOptions {
  const ring = sessions <= 64 ? 1 << 18 : sessions <= 256 ? 1 << 17 : 1 << 16;
  return {
    blades,
    lineCards,
    sessions,
    prefixes4: 1 << 21,
    prefixes6: 1 << 19,
    attributes: 1 << 22,
    attributeBytes: 2 ** 30,
    pages: 1 << 18,
    ringRecords: 1 << 13,
    receiveBytes: ring,
    transmitBytes: ring,
    grafts: 32,
  };
}
