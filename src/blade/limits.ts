/**
 * How much work of each kind one turn of a blade may hold, so that no stage starves the others. Arguments rather than
 * constants because a simulation cuts turns as small as it can.
 */
export interface Limits {
  /**
   * Records taken from each sibling. As many as a ring holds: were it less than what siblings make of their own
   * neighbours' bytes in a turn, what waits for this blade would grow while tables flow, and markers with it.
   */
  readonly records: number;
  /** Prefixes evaluated again after a graft. */
  readonly revisits: number;
  /** Pages of 1024 prefixes swept after a session went down. */
  readonly sweepPages: number;
  /** Prefixes evaluated again because a blade is gone. */
  readonly sweeps: number;
  /** Bytes that one session may have handled before the others' turn. */
  readonly receiveBytes: number;
  /** Prefixes looked at in one export; at most BATCH of update-group.ts. */
  readonly exports: number;
  /** Ids looked at in one step of the walk over the full table. */
  readonly walk: number;
}

export const LIMITS: Limits = {
  records: 8192,
  revisits: 1024,
  sweepPages: 4,
  sweeps: 2048,
  receiveBytes: 65_536,
  exports: 2048,
  walk: 16_384,
};
