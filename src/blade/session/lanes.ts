/**
 * What a session with ADD-PATH does differently (RFC 7911): it says so in its OPEN, and what is done with all its routes is done
 * in its own columns and in those of its lanes (rib/paths.ts), page by page.
 */
import { familyBit, multiprotocolOf } from '../../bgp/families.ts';
import { ADD_PATH, type AddPathMode, type Capabilities } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { PAGE_MASK, PAGE_WORDS } from '../../fabric/layout.ts';
import { dropRoutePage, hasRoutePage } from '../../rib/received.ts';
import type { SessionConfiguration } from '../messages.ts';
import type { Routes } from '../routes/routes.ts';

/** RFC 7911 4, per family. Without a lane there is no place for a second path. */
export function addPathOf(
  fabric: Fabric,
  { index, families, pathsReceived = 0, pathsSent = 0 }: SessionConfiguration,
): Capabilities['addPath'] {
  const received = fabric.sourceCount(index) > 1 ? pathsReceived : 0;
  return multiprotocolOf(families & (received | pathsSent)).map(({ afi, safi }) => {
    const family = familyBit(afi, safi);
    const mode = (received & family ? ADD_PATH.receive : 0) | (pathsSent & family ? ADD_PATH.send : 0);
    return { afi, safi, mode: mode as AddPathMode };
  });
}

/** Withdraws the routes in one page of a source's columns, and frees it; false when there is none. */
export function withdrawPage(fabric: Fabric, routes: Routes, source: number, page: number): boolean {
  if (!hasRoutePage(fabric, source, page)) return false;
  const first = page * PAGE_WORDS;
  for (let id = first; id <= first + PAGE_MASK; id++) routes.withdraw(source, id);
  dropRoutePage(fabric, source, page);
  return true;
}
