/**
 * What must be true when a chassis is quiet: the tables that neighbours hold, what stands in the fabric, and the
 * counters. Each check throws with what it expected and found.
 */

import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { State } from '../../src/bgp/fsm.ts';
import { Prefix, prefix4Address, readPrefix6 } from '../../src/bgp/nlri.ts';
import { SESSION, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { outViews } from '../../src/fabric/memory.ts';
import { findPath } from '../../src/rib/paths.ts';
import { hasMed } from '../../src/rib/presence.ts';
import { ADVERTISED, ATTRIBUTE_MASK, FILTERED, MULTIPATH, UNRESOLVED } from '../../src/rib/route-word.ts';
import { localRoutes } from './local.ts';
import type { Neighbour } from './neighbour.ts';
import type { SimulatedPrefix } from './prefixes.ts';
import {
  type Announcer,
  advertisedOf,
  bestOf,
  type Candidate,
  candidatesFor,
  expectedPaths,
  expectedTable,
  medCounts,
  usedTogether,
} from './reference.ts';
import { communitiesText, describeCanonical, prefixOf } from './route.ts';
import type { World } from './world.ts';

function announcersOf(world: World): Announcer[] {
  return world.neighbours.filter((neighbour) => neighbour.established);
}

/** I5: each neighbour holds what one router with one BGP process would have told it. */
export function checkTables(world: World): void {
  const announcers = announcersOf(world);
  const own = localRoutes(world.local, world.prefixes, (prefix) =>
    bestOf(candidatesFor(world.prefixes, announcers, prefix, world.costs), world.options),
  );
  for (const neighbour of world.neighbours) {
    const { index } = neighbour.options;
    if (!neighbour.established) continue;
    const told = [world.prefixes, announcers, neighbour.options, world.options, world.costs, own] as const;
    const expected = expectedTable(...told);
    const paths = expectedPaths(...told);
    const held = neighbour.table;
    for (const [prefix] of world.prefixes.all.entries()) {
      const several = paths.get(prefix)?.join('\n');
      const [should, does] = [several ?? expected.get(prefix) ?? '', held.get(prefix) ?? ''];
      if (should === does) continue;
      // A full table: rather nothing than what is wrong, and that is counted.
      // Who is told several paths, or another one than the best, may be told the next one.
      const { toldFamilies, instead } = neighbour.options;
      // A static route without an id does not count in its aggregate, whose place is a neighbour's then.
      const others = toldFamilies !== 0 || instead !== undefined || own.has(prefix);
      if (world.untold(index) && (does === '' || others)) continue;
      if (world.starved(index)) continue;
      throw new Error(
        `neighbour ${index}, ${world.prefixes.text(prefix)}:\n  should hold ${should}\n  holds       ${does}`,
      );
    }
    const { families } = neighbour.options;
    if (neighbour.endsOfRib !== families && !world.starved(index))
      throw new Error(`neighbour ${index}: End-of-RIB ${neighbour.endsOfRib} of ${families}`);
    if (neighbour.awaited > 0)
      throw new Error(`neighbour ${index}: ${neighbour.awaited} prefixes were not repeated after a refresh`);
  }
}

/** Every blade chose the same, and shows its siblings exactly what the rules require. */
export function checkRibs(world: World): void {
  const announcers = announcersOf(world);
  for (const [prefix] of world.prefixes.all.entries()) {
    const id = idOf(world, prefix);
    const candidates = candidatesFor(world.prefixes, announcers, prefix, world.costs);
    if (id < 0) continue;
    checkLocRibs(world, prefix, id, bestOf(candidates, world.options));
    checkWords(world, prefix, id, candidates);
  }
}

function checkLocRibs(world: World, prefix: number, id: number, best: Candidate | undefined): void {
  const source = best === undefined ? 0 : sourceOf(world, best, id) + 1;
  for (const { blade, slot } of world.blades) {
    const { evaluator } = blade.routes;
    const word = source === 0 ? 0 : world.fabric.columns.get(source - 1, id) & ATTRIBUTE_MASK;
    if (!evaluator.known(id)) continue;
    if (evaluator.bestSession(id) === source && evaluator.bestAttribute(id) === word) continue;
    const found = `source ${evaluator.bestSession(id) - 1}, attribute set ${evaluator.bestAttribute(id)}`;
    throw new Error(
      `blade ${slot}, ${world.prefixes.text(prefix)}: best is ${found}; should be source ${source - 1}, ${word}`,
    );
  }
}

function checkWords(world: World, prefix: number, id: number, candidates: readonly Candidate[]): void {
  const { fabric } = world;
  const medMarked = hasMed(fabric, id);
  if (!medMarked && candidates.some((each) => medCounts(each, world.options)))
    throw new Error('a MED without its mark');
  const advertised = fabric.showsAll ? candidates : advertisedOf(candidates, medMarked, world.options);
  const { family } = world.prefixes.all[prefix] as SimulatedPrefix;
  const used = usedTogether(candidates, world.options, family, world.multipath);
  for (const neighbour of world.neighbours) {
    const { index } = neighbour.options;
    let routes = 0;
    for (let lane = 0; lane < fabric.sourceCount(index); lane++)
      if (fabric.columns.get(fabric.sourceAt(index, lane), id) !== 0) routes++;
    const announced = [...spoken(world, neighbour)].filter((key) => prefixOf(key) === prefix);
    const at = `session ${index}, ${world.prefixes.text(prefix)}`;
    if (routes !== announced.length) throw new Error(`${at}: announced ${announced}, has ${routes} routes`);
    for (const key of announced) {
      const path = neighbour.identifier(key);
      const isIt = (each: Candidate): boolean => each.from.index === index && each.path === path;
      const source = sourceOf(world, { from: neighbour.options, path }, id);
      if (source < 0) throw new Error(`${at}: path ${path} is not there`);
      const word = fabric.columns.get(source, id);
      const candidate = candidates.find(isIt);
      if ((candidate !== undefined) !== (word !== 0 && (word & (FILTERED | UNRESOLVED)) === 0))
        throw new Error(`${at}: feasible ${candidate !== undefined}, word ${word}`);
      const should = advertised.some(isIt);
      if (should !== ((word & ADVERTISED) !== 0))
        throw new Error(`${at}, path ${path}: should be advertised: ${should}`);
      const isUsed = used.some(isIt);
      if (isUsed !== ((word & MULTIPATH) !== 0))
        throw new Error(`${at}, path ${path}: should be used with others: ${isUsed}`);
      if (candidate !== undefined) checkAttributes(world, word & ATTRIBUTE_MASK, at, candidate);
    }
  }
}

/** Where the route of a candidate stands. */
function sourceOf(world: World, { from, path }: Pick<Candidate, 'from' | 'path'>, id: number): number {
  const { base6 } = world.fabric.prefixes;
  const several = (from.pathFamilies & (id < base6 ? FAMILY_IPV4 : FAMILY_IPV6)) !== 0;
  return several ? findPath(world.fabric, from.index, id, path) : from.index;
}

function checkAttributes(world: World, attribute: number, at: string, { route }: Candidate): void {
  const { attributes } = world.fabric;
  const start = attributes.offsetOf(attribute);
  const { text } = describeCanonical(attributes.bytes, start, start + attributes.lengthOf(attribute));
  if (!text.includes(`communities [${communitiesText(route.communities)}]`)) {
    throw new Error(`${at}: ${text}`);
  }
}

/** What a neighbour announces of the families that it speaks, while it is up. */
function spoken(world: World, neighbour: Neighbour): Set<number> {
  if (!neighbour.established) return new Set();
  const families = neighbour.options.families & ~neighbour.disabled;
  const family = (key: number): number => world.prefixes.all[prefixOf(key)]?.family ?? 0;
  return new Set([...neighbour.announcing.keys()].filter((key) => (family(key) & families) !== 0));
}

/** The numbers that people read are what is. */
export function checkCounters(world: World): void {
  for (const [session, neighbour] of world.neighbours.entries()) {
    if (!neighbour.established) continue;
    if (world.stateOf(session) !== State.Established)
      throw new Error(`session ${session} is not Established`);
    const counts = [
      ['routesReceived', SESSION_NUMBER.routesReceived, spoken(world, neighbour).size],
      ['routesAdvertised', SESSION_NUMBER.routesAdvertised, neighbour.held.size],
    ] as const;
    for (const [name, which, should] of counts) {
      const is = world.fabric.number(session, which);
      // What a blade took over is counted on a walk, which stands still while there is no page.
      const counting = name === 'routesAdvertised' && world.fabric.session(session, SESSION.recount) !== 0;
      if (is !== should && !(counting && world.anyStarved))
        throw new Error(`session ${session}: ${name} is ${is}, should be ${should}`);
    }
  }
}

/** Members of one group on one blade are alone no longer once all is quiet. */
export function checkGroups(world: World): void {
  // A view that finds no page stands on another one until there is some.
  if (world.options.small?.pages !== undefined) return;
  for (const { blade, slot } of world.blades) {
    const keys = blade.groups.all.map((group) => group.key);
    if (new Set(keys).size !== keys.length)
      throw new Error(`blade ${slot}: sessions told the same are not in one group`);
  }
}

/** Memory in use: out views, and pages. */
export function memoryInUse(world: World): { views: number; pages: number } {
  const { fabric } = world;
  let views = 0;
  for (let view = 0; view < outViews(fabric.options); view++) if (fabric.views[view * 4] !== 0) views++;
  let free = 0;
  const links = new Int32Array(fabric.memory.pageLinks);
  for (const top of new BigUint64Array(fabric.memory.freePages))
    for (let page = Number(top & 0xffffffffn); page !== 0; free++) page = links[page] as number;
  if (free !== fabric.pages.returned)
    throw new Error(`${free} pages are free, ${fabric.pages.returned} by count`);
  return { views, pages: fabric.pages.touched() - free };
}

/** Of each pool: prefixes of both families, attribute sets, blocks of attribute bytes. */
export function idsInUse({ fabric }: World): number[] {
  const { prefixes, attributes } = fabric;
  return [prefixes.pool4, prefixes.pool6, attributes.pool, attributes.blocks].map(({ used }) => used);
}

function idOf(world: World, index: number): number {
  const prefix = world.prefixes.all[index];
  if (prefix === undefined) return -1;
  const nlri = Uint8Array.from(prefix.nlri);
  if (prefix.family === FAMILY_IPV4) {
    return world.fabric.prefixes.find4(prefix4Address(nlri, 0), nlri[0] as number);
  }
  const words = new Prefix();
  readPrefix6(Uint8Array.from([...nlri, ...new Array<number>(16).fill(0)]), 0, words);
  return world.fabric.prefixes.find6(words.word0, words.word1, words.word2, words.word3, words.length);
}
