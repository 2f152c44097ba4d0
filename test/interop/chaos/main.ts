/** `npm run chaos`: chaos for as long as wanted, with everything that is done. */
import { readOptions } from '../../../bench/support/options.ts';
import { bird, frr, gobgp } from '../daemons/index.ts';
import { loopbackNetwork, openNetwork } from '../network.ts';
import { runChaos } from './chaos.ts';

const HELP = `npm run chaos -- [--seconds S] [--seed N] [--prefixes N] [--quiet]

A chassis among BIRD, FRR and GoBGP: its blades crash, hang and run out of memory, sessions are grafted, blades drained,
restarted and scaled, the configuration reloaded, while routes come and go. At the end no session may have fallen, and every
daemon must have the right table. Exit status 1 where that is not so.

  --seconds S   how long (60)
  --seed N      what is done, in which order (1)
  --prefixes N  beside a table of so many prefixes, of which a part changes all the time (0)
  --quiet       says the end only

Example: npm run chaos -- --seconds 600 --seed 7
`;

const { values } = readOptions({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    prefixes: { type: 'string', default: '0' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [seconds, seed, prefixes] = [Number(values.seconds), Number(values.seed), Number(values.prefixes)];

if (values.help) console.log(HELP);
else if (!(seconds > 0) || !Number.isInteger(seed) || !Number.isInteger(prefixes)) {
  console.error('chaos: --seconds must be a number above 0, --seed and --prefixes whole numbers');
  process.exitCode = 2;
} else await main();

async function main(): Promise<void> {
  // The neighbours with the large table are in this process, outside of any namespace.
  const network = prefixes > 0 ? loopbackNetwork() : await openNetwork();
  try {
    const missing = [bird, frr, gobgp]
      .map((kind) => kind.missing(network))
      .filter((why) => why !== undefined);
    if (missing.length > 0) throw new Error(`cannot run here: ${missing.join(', ')}`);
    const start = performance.now();
    const log = (line: string): void => {
      if (!values.quiet)
        console.log(`${((performance.now() - start) / 1000).toFixed(2).padStart(8)} ${line}`);
    };
    const { done, refused, troubles, takenOver } = await runChaos({ network, seconds, seed, log, prefixes });
    console.log(
      JSON.stringify({ seed, seconds, takenOver, refused: refused.length, ...Object.fromEntries(done) }),
    );
    for (const trouble of troubles) console.error(trouble);
    if (troubles.length > 0) process.exitCode = 1;
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    network.close();
  }
}
