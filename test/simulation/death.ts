/**
 * How a simulated blade dies: at any of the operations by which it reads and writes what others see. Every method of the fabric's
 * parts counts the fuse of the blade that is running down, before and after what it does; what a blade that is ended while
 * others run in the middle of its turn would do next, it does not do any more.
 */
import { Columns } from '../../src/fabric/columns.ts';
import { Connections } from '../../src/fabric/connections.ts';
import { Doorbells } from '../../src/fabric/doorbell.ts';
import { Epochs } from '../../src/fabric/epochs.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { Journal } from '../../src/fabric/journal.ts';
import { PageArena } from '../../src/fabric/pages.ts';
import { ReadySets } from '../../src/fabric/ready.ts';
import { RecordRing } from '../../src/fabric/record-ring.ts';
import { OutViews } from '../../src/rib/adj-rib-out.ts';

/** Thrown through the turn of a blade that dies. */
export class Death extends Error {}

/** Who can die. */
export interface Mortal {
  /** Throws Death when the time has come. */
  tick(): void;
}

let current: Mortal | undefined;
let instrumented = false;

/** Runs a turn of a blade, inside of another's turn or not; undefined: others have theirs. */
export function live<T>(mortal: Mortal | undefined, turn: () => T): T {
  const before = current;
  current = mortal;
  try {
    return turn();
  } finally {
    current = before;
  }
}

const PARTS = [
  Columns,
  Connections,
  Doorbells,
  Epochs,
  Fabric,
  Journal,
  PageArena,
  ReadySets,
  RecordRing,
  OutViews,
];

/** From now on, blades of this process can die. */
export function instrument(): void {
  if (instrumented) return;
  instrumented = true;
  for (const { prototype } of PARTS) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      // A page that was just allocated and not taken down yet is the one that a death may cost.
      if (name === 'constructor' || name === 'take' || typeof value !== 'function') continue;
      const method = value as (...given: unknown[]) => unknown;
      Object.defineProperty(prototype, name, {
        configurable: true,
        writable: true,
        value(this: unknown, ...given: unknown[]): unknown {
          if (current === undefined) return method.apply(this, given);
          current.tick();
          const result = method.apply(this, given);
          current?.tick();
          return result;
        },
      });
    }
  }
}
