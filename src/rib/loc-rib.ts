/**
 * The Loc-RIB of a blade: two words by PrefixId, side by side, written by that blade only.
 *
 *   [ AttrId of the best route, 0: none | session + 1 that learned it, 0: none, or UNKNOWN_BEST ]
 */

/** In the place of session + 1: nobody has looked since something changed. */
export const UNKNOWN_BEST = 0x7fffffff;
