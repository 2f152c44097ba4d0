/**
 * Histories in which most neighbours are told nothing, but may be told all from one moment to the next: blades that tell nobody are
 * told of few prefixes by their siblings (src/ibgp-internal/interest.ts).
 */
import type { SimulationOptions } from './options.ts';
import { randomFor } from './randomness.ts';

export function withDeaf(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0xdeaf);
  const deaf = random.pick([0.6, 0.9, 1]);
  const neighbours = options.neighbours.map((each) => ({ ...each, exportAccept: !random.chance(deaf) }));
  const reconfigures = Math.max(options.reconfigures, random.pick([0, 0.05, 0.2]));
  return { ...options, neighbours, reconfigures };
}
