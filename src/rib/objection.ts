import {
  type Ends,
  type NeighbourRules,
  OBJECTION,
  objection,
  repeatsOwnAs,
} from '../bgp/neighbour-rules.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { LENGTHS, LOOPED, REFLECTED, ROW } from './attribute-row.ts';

/** What speaks against a neighbour's route with this attribute set, import policy aside (OBJECTION). */
export function objectionTo(fabric: Fabric, attribute: number, ends: Ends, rules: NeighbourRules): number {
  const lengths = fabric.attributes.rows[attribute * ROW + LENGTHS] as number;
  if ((lengths & REFLECTED) !== 0 && !ends.external) return OBJECTION.ownCluster;
  const set = fabric.attributes.copyOf(attribute);
  if ((lengths & LOOPED) !== 0 && repeatsOwnAs(set, ends.routerAs ?? ends.localAs, rules.allowOwnAs ?? 0))
    return OBJECTION.ownAs;
  // RFC 5065 5: from outside, and wherever it comes by.
  if (
    (lengths & LOOPED) !== 0 &&
    ends.confederation !== undefined &&
    repeatsOwnAs(set, ends.confederation, 0)
  )
    return OBJECTION.ownAs;
  return objection(set, ends, rules);
}
