/**
 * What a start leaves behind goes back to the system: what was read, checked and made on the way, and the code of Node.js itself that nobody
 * needs from then on, which is most of it. Some tens of milliseconds of the chassis, before anybody is served.
 */
import { systemGiving } from '../base/giving.ts';
import { ownHeap } from '../base/own-heap.ts';

export function tidyUp(): void {
  const giving = systemGiving();
  if (giving === undefined) return;
  ownHeap().compact();
  giving.trim();
  giving.forgetFiles();
}
