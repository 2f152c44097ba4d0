/**
 * The word that a route is: one per session and prefix, in the session's adjRibIn column. Written only by the
 * session's home blade.
 *
 *    31          30          29      28           27          26 … 0
 *   ┌───────────┬───────────┬───────┬────────────┬───────────┬──────────────────┐
 *   │ advertised│ filtered  │ stale │ unresolved │ multipath │ AttrId (0: none) │
 *   └───────────┴───────────┴───────┴────────────┴───────────┴──────────────────┘
 *
 * advertised: siblings may see it (internal iBGP). filtered: kept as received, but not feasible: rejected by
 * import policy, or looped (RFC 4271 9.1.2). unresolved: not feasible, as there is no way to its next hop (9.1.2.1); such
 * a route is not advertised. multipath: one of several that are used together, as good as the best (ibgp-internal/equal-paths.ts);
 * no decision looks at it.
 */
export const ADVERTISED = 0x80000000 | 0;
export const FILTERED = 0x40000000;
/** Kept over the neighbour's restart, and not told again yet (RFC 4724 4.2). No decision looks at it. */
export const STALE = 0x20000000;
export const UNRESOLVED = 0x10000000;
export const MULTIPATH = 0x08000000;
export const ATTRIBUTE_MASK = 0x07ffffff;

const NOT_FEASIBLE = FILTERED | UNRESOLVED;

/** AttrId of a route that the home blade may choose; 0: none. */
export function feasible(word: number): number {
  return (word & NOT_FEASIBLE) === 0 ? word & ATTRIBUTE_MASK : 0;
}

/** AttrId of a route that siblings may choose; 0: none. */
export function visible(word: number): number {
  return word >>> 30 === 2 ? word & ATTRIBUTE_MASK : 0;
}
