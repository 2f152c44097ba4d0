/**
 * How much work of each kind one turn of a blade may hold, so that no stage starves the others, and whoever is served here
 * waits less than ten milliseconds for the end of a turn. Work is cut into pieces by counts, and pieces are added up by time:
 * how long a route takes depends on the machine, on the processor's caches, and on how many have one for the same prefix.
 * Arguments rather than constants because a simulation cuts turns as small as it can.
 */
export interface Limits {
  /**
   * Records taken from each sibling. As many as a ring holds: were it less than what siblings make of their own
   * neighbours' bytes in a turn, what waits for this blade would grow while tables flow, and markers with it.
   */
  readonly records: number;
  /** Prefixes evaluated again after a graft. */
  readonly revisits: number;
  /** Pages of 1024 prefixes swept at once after a session went down. */
  readonly sweepPages: number;
  /** How often in a turn, while there is time: what is swept by then is told together. */
  readonly sweepRounds: number;
  /** Prefixes evaluated again because a blade is gone, or passed by for the router's own routes (blade/routes/local-routes.ts). */
  readonly sweeps: number;
  /** Bytes of one session that are handled before the others': its slice. A message is never cut. */
  readonly receiveBytes: number;
  /**
   * Rounds of slices between two exports of what floods bring. The more neighbours tell of the same prefixes, the more
   * comes before it is looked at what to send: best routes that are soon replaced are not told to anybody.
   */
  readonly receiveRounds: number;
  /** Routes announced in one export. So many octets are WITHDRAWALS times as many withdrawals: at most BATCH of blade/telling/batch.ts. */
  readonly exports: number;
  /** Batches exported in one turn when nothing more is to be received. */
  readonly exportRounds: number;
  /** Ids looked at in one step of the walk over the full table. */
  readonly walk: number;
  /** Milliseconds after which no more pieces are begun: of taking records, of receiving, of putting off, of exporting. */
  readonly stageTime: number;
  /**
   * Milliseconds for which a blade that has nobody left to tell goes on hearing of everything. Not to hear any more, and to hear again, costs
   * a look at each prefix: a neighbour that comes and goes, or is grafted to and fro, should not have it made each time. Not where there
   * are so few prefixes that one step of the walk is all of it.
   */
  readonly attentive: number;
}

export const LIMITS: Limits = {
  records: 8192,
  revisits: 1024,
  sweepPages: 1,
  sweepRounds: 8,
  sweeps: 2048,
  receiveBytes: 4096,
  receiveRounds: 16,
  exports: 2048,
  exportRounds: 8,
  walk: 16_384,
  stageTime: 3,
  attentive: 60_000,
};
