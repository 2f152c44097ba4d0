/**
 * Chaos (chaos/chaos.ts): blades die and hang, sessions are grafted, blades drained, restarted and scaled, the
 * configuration reloaded, while BIRD, FRR and GoBGP talk to the chassis; and none of them notices. `npm run chaos` does it for as
 * long as wanted.
 */
import test from 'ava';
import { runChaos } from './chaos/chaos.ts';
import { bird, frr, gobgp } from './daemons/index.ts';
import { networkFor } from './witness.ts';

const SECONDS = 18;
const SEED = 4;

test('whatever happens to blades, and is done to them, no neighbour notices', async (t) => {
  t.timeout(290_000);
  const network = await networkFor(t, bird, frr, gobgp);
  if (network === undefined) return;
  const { done, refused, troubles, takenOver } = await runChaos({
    network,
    seconds: SECONDS,
    seed: SEED,
    log: () => {},
  });
  t.log(
    `${[...done].map(([name, times]) => `${name} ${times}`).join(', ')}; ${refused.length} refused; ${takenOver} sessions taken over`,
  );
  t.deepEqual(troubles, []);
  t.true(takenOver > 0);
});
