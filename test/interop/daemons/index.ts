/** All the daemons that tests can have as neighbours. */
import { bird } from './bird.ts';
import type { DaemonKind } from './daemon.ts';
import { exabgp } from './exabgp.ts';
import { frr } from './frr.ts';
import { gobgp } from './gobgp.ts';
import { openbgpd } from './openbgpd.ts';

export { Bird } from './bird.ts';
export * from './daemon.ts';
export { bird, exabgp, frr, gobgp, openbgpd };

/** Those that can be called, and keep a table. */
export const DAEMONS: readonly DaemonKind[] = [bird, frr, gobgp, openbgpd];
