/**
 * "as: external": the AS of the neighbour is what its OPEN says. From then on, on each further home blade too (I1), its session is
 * configured as if that number stood in the file: what rules and policies ask needs no second case.
 */
import { ANY_OTHER_AS } from '../bgp/open.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION } from '../fabric/layout.ts';

interface Ends {
  readonly index: number;
  readonly as: number;
  readonly localAs: number;
}

/** What is configured, with the AS that the neighbour said last; before it said any, that is nobody's. */
export function withLearntAs<C extends Ends>(fabric: Fabric, configuration: C): C {
  if (configuration.as !== ANY_OTHER_AS) return configuration;
  const said = fabric.session(configuration.index, SESSION.peerAs) >>> 0;
  // Somebody else had this place before, inside our AS.
  return said === configuration.localAs ? configuration : { ...configuration, as: said };
}
