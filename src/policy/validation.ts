/**
 * What the RPKI says of a route's origin (RFC 6811), as policies ask it: the table of VRPs in force, which is another one from
 * time to time. It is asked for each route, with the origin that the route came with; nothing of it is kept, so that a new table
 * holds at once. Which prefixes it can say something else of is found by the VRPs that changed (blade/routes/origin-walk.ts).
 */
import type { Fabric } from '../fabric/fabric.ts';
import { buildVrpTable } from '../rpki/build.ts';
import { NO_ORIGIN, VALIDITY, type Validity, VrpTable } from '../rpki/table.ts';
import type { AttributeView } from './attributes.ts';

type Prefixes = Pick<Fabric['prefixes'], 'base6' | 'address4' | 'length4' | 'keys6'>;

/** A table as it is handed from thread to thread; each has a higher number than the one before. */
export interface TableInForce {
  readonly table: SharedArrayBuffer;
  readonly generation: number;
}

/** Who says what the origin of a route is worth. */
export type Validator = Pick<OriginValidation, 'validity'>;

export class OriginValidation {
  generation = 0;
  #table: VrpTable;

  constructor(given?: TableInForce) {
    this.#table = given === undefined ? NOTHING : new VrpTable(given.table);
    this.generation = given?.generation ?? 0;
  }

  /** False: there is this one already, or a newer one. */
  replace({ table, generation }: TableInForce): boolean {
    if (generation <= this.generation) return false;
    this.#table = new VrpTable(table);
    this.generation = generation;
    return true;
  }

  validity(prefixes: Prefixes, id: number, origin: number): Validity {
    return validityOf(this.#table, prefixes, id, origin);
  }
}

const NOTHING = buildVrpTable(new Uint32Array(0), new Uint32Array(0));

function validityOf(
  table: Pick<VrpTable, 'validate4' | 'validate6'>,
  prefixes: Prefixes,
  id: number,
  origin: number,
): Validity {
  const { base6, keys6 } = prefixes;
  if (id < base6) return table.validate4(prefixes.address4(id), prefixes.length4(id), origin);
  const at = (id - base6) * 5;
  return table.validate6(
    keys6[at] as number,
    keys6[at + 1] as number,
    keys6[at + 2] as number,
    keys6[at + 3] as number,
    keys6[at + 4] as number,
    origin,
  );
}

/** Some VRP of the table covers the prefix. */
export function covers(table: VrpTable, prefixes: Prefixes, id: number): boolean {
  return validityOf(table, prefixes, id, NO_ORIGIN) !== VALIDITY.notFound;
}

/** RFC 6811 2: the last AS of the path; our own where there is none, and none where the path ends in a set. */
export function validatedOrigin(view: AttributeView, localAs: number): number {
  return view.pathLength === 0 ? localAs : view.originAs;
}
