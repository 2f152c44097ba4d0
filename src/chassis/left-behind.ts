/**
 * What a sweep would find, by what the sessions have counted: for when there is nothing else to do, and memory may be somebody else's. A sweep
 * of a full table takes a third of a second of a processor, and touches as much memory as its tables of slots have; so it has to be worth it.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { ATTRIBUTE_ROW, PREFIX_RECORD, SESSION_NUMBER } from '../fabric/layout.ts';

/** Octets of a prefix, and of a set without its attributes, with a place in a table of slots. */
const PREFIX = PREFIX_RECORD.words * 4 + 8;
const SET = ATTRIBUTE_ROW.words * 4 + 8;

/** Routes of all sessions: those that came and are not there any more, those of them that were withdrawn, and those that are there. */
export interface RoutesSoFar {
  gone: number;
  withdrawn: number;
  there: number;
}

export function routesSoFar(fabric: Fabric): RoutesSoFar {
  const so: RoutesSoFar = { gone: 0, withdrawn: 0, there: 0 };
  for (let session = 0; session < fabric.sessionLimit; session++) {
    const there = fabric.number(session, SESSION_NUMBER.routesReceived);
    so.gone += fabric.number(session, SESSION_NUMBER.announcementsReceived) - there;
    so.withdrawn += fabric.number(session, SESSION_NUMBER.withdrawalsReceived);
    so.there += there;
  }
  return so;
}

/**
 * About so many octets are nobody's, of what has gone since then: of the sets, if all have as many routes, such a part as of the routes. Of
 * the prefixes those for which there is no route left, or such a part as was withdrawn; a route that was replaced leaves its prefix in use.
 */
export function octetsLeftBehind(
  { prefixes, attributes }: Fabric,
  then: RoutesSoFar,
  now: RoutesSoFar,
): number {
  // Sessions that were removed take what they counted along.
  const part = (count: number): number => Math.abs(count) / Math.max(1, Math.abs(count) + now.there);
  const gone = part(now.gone - then.gone);
  const sets = attributes.pool.used * SET + attributes.blocks.used * attributes.blockUnits * 4;
  const ids = prefixes.pool4.used + prefixes.pool6.used;
  const without = Math.max(ids - now.there, ids * Math.min(gone, part(now.withdrawn - then.withdrawn)));
  return sets * gone + without * PREFIX * Math.sign(gone);
}
