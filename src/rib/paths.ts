/**
 * Several paths of a prefix from one neighbour (RFC 7911): each stands in a source of its own, the session's own column or one
 * of its lanes, with its path identifier in a column beside it.
 *
 *   session   │ AttrId of path 7  │ 7 │        A source is found by the path identifier, and a free one is taken for a path
 *   lane 1    │ 0: free           │ - │        that is new. Which one says nothing: the decision compares identifiers, and
 *   lane 2    │ AttrId of path 12 │12 │        never the numbers of lanes.
 *
 * 8 bytes a path; sessions without ADD-PATH have neither lanes nor identifiers.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { STALE } from './route-word.ts';

/** The source that holds a path of a prefix; -1: none does. */
export function findPath(fabric: Fabric, session: number, id: number, path: number): number {
  const { columns } = fabric;
  const count = fabric.sourceCount(session);
  for (let lane = 0; lane < count; lane++) {
    const source = fabric.sourceAt(session, lane);
    if (columns.get(source, id) !== 0 && columns.get(fabric.pathColumn(source), id) === (path | 0))
      return source;
  }
  return -1;
}

/**
 * The source for a path that is announced and stands nowhere yet: a free one, else one whose route was not told again since
 * the neighbour restarted, as it may number its paths anew then; -1: all are taken.
 */
export function freePath(fabric: Fabric, session: number, id: number): number {
  const { columns } = fabric;
  const count = fabric.sourceCount(session);
  let stale = -1;
  for (let lane = 0; lane < count; lane++) {
    const source = fabric.sourceAt(session, lane);
    const word = columns.get(source, id);
    if (word === 0) return source;
    if (stale < 0 && word & STALE) stale = source;
  }
  return stale;
}

/** The path identifier of a source's route. */
export function pathOf(fabric: Fabric, source: number, id: number): number {
  return fabric.columns.get(fabric.pathColumn(source), id) >>> 0;
}

/** The last step between two paths of one neighbour: the lower identifier. */
export function decideByPath(fabric: Fabric, id: number, a: number, b: number): number {
  return pathOf(fabric, a, id) < pathOf(fabric, b, id) ? 1 : -1;
}
