/**
 * In which order the members of an update group are told. Telling one costs the kernel some 8 µs, which all behind it wait for: with thirty
 * neighbours the last one hears of a change a quarter of a millisecond after the first. First are those who have told us the fewest
 * routes: customers, collectors and whoever only listens have nothing but what we tell them. Whoever has announced a whole table to us mostly has
 * another way for the time being, and is told last. Of equals, who came up first.
 *
 * Everybody is told in the same export, whatever the order, so that nobody starves. It is looked at when timers are (once a second),
 * not when anything changes, and routes are counted in powers of two, so that it mostly stays as it is. It is a blade's own matter: where a
 * graft leads to, the order is made anew.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';

/** Puts the sessions in that order; not while an export is under way. */
export function orderMembers(fabric: Fabric, members: number[]): void {
  let before = 0;
  for (const session of members) {
    const size = sizeOf(fabric, session);
    if (size < before) {
      members.sort((a, b) => sizeOf(fabric, a) - sizeOf(fabric, b));
      return;
    }
    before = size;
  }
}

/** How many routes it has announced: 0, 1, 2 for two and three, 3 for four to seven, … */
function sizeOf(fabric: Fabric, session: number): number {
  return 32 - Math.clz32(fabric.number(session, SESSION_NUMBER.routesReceived));
}
