/** How a blade fails when the operator rehearses it: each in the way of a real bug, so that what is rehearsed is real. */
import type { FaultKind } from './messages.ts';

export function fail(fault: FaultKind): never {
  if (fault === 'crash') throw new Error('a rehearsed crash');
  const hoard: number[][] = [];
  for (;;) if (fault === 'memory') hoard.push(new Array<number>(1000).fill(0.5));
}
