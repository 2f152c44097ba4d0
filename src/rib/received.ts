/**
 * What a neighbour told, where import policy made something else of it. The session's adjRibIn column holds the AttrId that
 * everybody decides by; a second column holds the one that was received, only where the two differ:
 *
 *   adjRibIn    [ … | AttrId accepted  | AttrId, filtered | AttrId | … ]
 *   received    [ … | AttrId received  | 0                | 0      | … ]      4 bytes for each route that was changed
 *
 * So a policy that is changed finds what to look at, and a graft or a death in between finds all that is needed (I1). What stands
 * here was always told by the neighbour: it is written before the word, and cleared after it.
 */
import type { Fabric } from '../fabric/fabric.ts';
import * as layout from '../fabric/layout.ts';
import { receivedColumns } from '../fabric/memory.ts';
import { ATTRIBUTE_MASK } from './route-word.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const { PAGE_BITS, PAGE_MASK } = layout;

/** There are path identifiers, in a column of their own (rib/paths.ts). */
const hasLanes = ({ options }: Fabric): boolean => (options.lanes ?? 0) > 0;

export function receivedColumn({ options }: Fabric, session: number): number {
  return receivedColumns(options) + session;
}

/** Some page of the session is. */
export function keepsAnyReceived(fabric: Fabric, session: number): boolean {
  const { directories, pages } = fabric.columns;
  for (let lane = 0; lane < fabric.sourceCount(session); lane++) {
    const first = receivedColumn(fabric, fabric.sourceAt(session, lane)) * pages;
    for (let at = first; at < first + pages; at++) if (directories[at] !== 0) return true;
  }
  return false;
}

/** AttrId as the neighbour told it, of a route whose word is this. */
export function receivedAttribute(fabric: Fabric, session: number, id: number, word: number): number {
  const received = fabric.columns.get(receivedColumn(fabric, session), id);
  return received !== 0 && word !== 0 ? received : word & ATTRIBUTE_MASK;
}

/** Brings near what stands there of these prefixes (negative ids: none), many at the same time. */
export function touchReceived(fabric: Fabric, session: number, ids: Int32Array, count: number): number {
  const { directories, words, pages } = fabric.columns;
  const first = receivedColumn(fabric, session) * pages;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const id = ids[i] as number;
    if (id < 0) continue;
    const page = directories[first + (id >>> PAGE_BITS)] as number;
    sum ^= words[(page << PAGE_BITS) | (id & PAGE_MASK)] as number;
  }
  return sum;
}

/** The route is as it was received, or gone. */
export function clearReceived(fabric: Fabric, session: number, id: number): void {
  const { columns } = fabric;
  const page = columns.pageOf(receivedColumn(fabric, session), id);
  if (page === 0) return;
  const at = (page << PAGE_BITS) | (id & PAGE_MASK);
  if (columns.words[at] !== 0) columns.words[at] = 0;
}

/** Frees a page of the Adj-RIB-In: nothing is left in it. */
export function dropRoutePage(fabric: Fabric, session: number, page: number): void {
  fabric.columns.dropPage(session, page);
  fabric.columns.dropPage(receivedColumn(fabric, session), page);
  if (hasLanes(fabric)) fabric.columns.dropPage(fabric.pathColumn(session), page);
}

/** Is there such a page, of any of the columns? */
export function hasRoutePage(fabric: Fabric, session: number, page: number): boolean {
  const { directories, pages } = fabric.columns;
  return (
    directories[session * pages + page] !== 0 ||
    directories[receivedColumn(fabric, session) * pages + page] !== 0 ||
    (hasLanes(fabric) && directories[fabric.pathColumn(session) * pages + page] !== 0)
  );
}
