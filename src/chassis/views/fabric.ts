/**
 * `show fabric`: what is used of what is reserved, and the memory that it takes. Where the system says which pages are there
 * (base/giving.ts), that is counted; elsewhere it is reckoned from what was ever given out.
 */
import { type Giving, systemGiving } from '../../base/giving.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import {
  ATTRIBUTE_ROW,
  PAGE_WORDS,
  PREFIX_RECORD,
  RECIPE,
  RECIPES,
  SESSION_NUMBER,
} from '../../fabric/layout.ts';
import { prefixIds } from '../../fabric/memory.ts';
import type { NumberPool } from '../../fabric/number-pool.ts';
import { recipesUsed } from '../../rib/told.ts';
import type { Chassis } from '../chassis.ts';
import type { FabricRow } from '../operations.ts';

/** A part of some shared memory, in octets; without a beginning and an end all of it. */
type Range = readonly [memory: SharedArrayBuffer, from?: number, to?: number];

/** Octets of a prefix's record, of a set's row, and of a place in a table of slots; the best route of a prefix on a blade but the first. */
const RECORD = PREFIX_RECORD.words * 4;
const ROW = ATTRIBUTE_ROW.words * 4;
const SLOT = 4;
const BEST = 8;
/** Of an IPv6 prefix. */
const KEY6 = 20;

export function fabricRows(chassis: Chassis): FabricRow[] {
  const { fabric, sweeper, sweeping } = chassis;
  const { attributes, hops, options, pages, prefixes, memory } = fabric;
  const giving = systemGiving();
  const connected = chassis.sessions.filter(
    ({ index }) => fabric.number(index, SESSION_NUMBER.timesEstablished) > 0,
  );
  const returned = sweeper.numbers;
  const bests = (options.blades - 1) * BEST;
  const pooled = (
    part: string,
    pool: NumberPool,
    unit: string,
    back: number,
    each: number,
    ranges: readonly Range[],
  ): FabricRow => {
    const bytes = octetsOf(giving, ranges) ?? pool.bound * each;
    return { part, used: pool.used, capacity: pool.limit, unit, bytes, returned: back };
  };
  const row = (
    part: string,
    [used, capacity]: readonly [number, number],
    unit: string,
    reckoned: number,
    ranges: readonly Range[],
  ): FabricRow => ({ part, used, capacity, unit, bytes: octetsOf(giving, ranges) ?? reckoned });
  const blades = chassis.blades.length;
  return [
    {
      ...pooled('IPv4 prefixes', prefixes.pool4, 'prefixes', returned.prefixes4, RECORD + 6 * SLOT + bests, [
        [memory.prefixSlots4],
        ...byPrefix(fabric, 0, prefixes.pool4.bound),
      ]),
      sweeps: returned.sweeps,
      lastSweepMilliseconds: Math.round(sweeping.lastTook * 100) / 100,
      ...(sweeping.giver === undefined ? {} : { givenBackBytes: sweeping.giver.numbers.octets }),
    },
    pooled(
      'IPv6 prefixes',
      prefixes.pool6,
      'prefixes',
      returned.prefixes6,
      RECORD + KEY6 + 4 * SLOT + bests,
      [
        [memory.prefixSlots6],
        [memory.prefixKeys6, 0, prefixes.pool6.bound * KEY6],
        ...byPrefix(fabric, prefixes.base6, prefixes.pool6.bound),
      ],
    ),
    pooled('attribute sets', attributes.pool, 'sets', returned.attributes, ROW + 4 * SLOT, [
      [memory.attributeSlots],
      [memory.attributeRows, 0, (attributes.pool.bound + 1) * ROW],
      [memory.attributeTraits],
      [memory.nextHopsOfSets],
    ]),
    pooled('attribute bytes', attributes.blocks, 'blocks', returned.blocks, attributes.blockUnits * 4, [
      [memory.attributeBytes, 0, attributes.blocks.bound * attributes.blockUnits * 4],
    ]),
    ...(hops === undefined
      ? []
      : [
          pooled('next hops', hops.pool, 'next hops', returned.nextHops, 24, [
            [memory.nextHopKeys],
            [memory.nextHopSlots],
            [memory.nextHopMetrics],
            [memory.nextHopChanges],
          ]),
        ]),
    row('recipes', [recipesUsed(fabric), RECIPES], 'kinds of neighbours', RECIPES * RECIPE.words * 4, [
      [memory.recipes],
    ]),
    row(
      'RIB pages',
      [pages.touched() - pages.returned, options.pages],
      'pages',
      pages.touched() * PAGE_WORDS * 4,
      [
        [memory.pages, memory.pagesAt, memory.pagesAt + (pages.touched() + 1) * PAGE_WORDS * 4],
        [memory.directories],
      ],
    ),
    row(
      'session rings',
      [connected.length, options.sessions],
      'sessions',
      connected.length * (options.receiveBytes + options.transmitBytes),
      [[memory.receive], [memory.transmit]],
    ),
    row(
      'blade rings',
      [blades * (blades - 1), options.blades * (options.blades - 1)],
      'rings',
      blades ** 2 * options.ringRecords * 8,
      [[memory.fabricRings]],
    ),
  ];
}

/** Records and Loc-RIBs of so many prefixes from an id on. */
function byPrefix({ memory, options }: Fabric, base: number, count: number): Range[] {
  const ranges: Range[] = [[memory.prefixRecords, base * RECORD, (base + count) * RECORD]];
  for (let blade = 1; blade < options.blades; blade++) {
    const first = (blade - 1) * prefixIds(options) + base;
    ranges.push([memory.best, first * BEST, (first + count) * BEST]);
  }
  return ranges;
}

function octetsOf(giving: Giving | undefined, ranges: readonly Range[]): number | undefined {
  return (
    giving &&
    ranges.reduce(
      (sum, [memory, from, to]) => sum + giving.resident(memory, from ?? 0, to ?? memory.byteLength),
      0,
    )
  );
}
