/**
 * Many histories, one after another: `node dist/test/simulation/run.js [seeds] [first seed] [seconds] [first]`. With SEED=… in
 * the environment one history alone, with a trace of what happens (BLADES=… overrides its number of blades).
 */
import { play } from './history.ts';
import { deadlyOptionsFor, optionsFor } from './options.ts';

const seed = process.env['SEED'];
const blades = process.env['BLADES'] === undefined ? undefined : Number(process.env['BLADES']);

/** DEATHS=1: blades die. */
const choose = (each: number) =>
  process.env.DEATHS === undefined ? optionsFor(each, blades) : deadlyOptionsFor(each);

if (seed !== undefined) {
  const options = choose(Number(seed));
  console.log(JSON.stringify(options, null, 1));
  console.log(play(options, (text) => console.log(text)));
} else {
  const [count = 1000, first = 1, seconds = Number.POSITIVE_INFINITY] = process.argv.slice(2).map(Number);
  const start = performance.now();
  const totals = { histories: 0, grafts: 0, aborted: 0, updates: 0, deaths: 0, repeated: 0, failures: 0 };
  const causes = new Map<string, number[]>();
  for (let each = first; each < first + count && performance.now() - start < seconds * 1000; each++) {
    totals.histories++;
    try {
      const { grafts, aborted, updates, deaths, repeated } = play(choose(each));
      totals.deaths += deaths;
      totals.repeated += repeated;
      totals.grafts += grafts;
      totals.aborted += aborted;
      totals.updates += updates;
    } catch (error) {
      totals.failures++;
      const message = (error as Error).message;
      const cause = message.replaceAll(/[0-9a-f:.]+\/\d+|\d+/g, 'N').slice(0, 60);
      const seeds = causes.get(cause) ?? [];
      causes.set(cause, seeds);
      seeds.push(each);
      if (seeds.length <= 3) console.log(`SEED=${each}: ${message}`);
    }
    if (totals.failures > 0 && process.argv[5] === 'first') break;
    if (each % 100 === 0)
      console.log(JSON.stringify({ at: each, ...totals, seconds: (performance.now() - start) / 1000 }));
  }
  console.log(JSON.stringify({ ...totals, seconds: (performance.now() - start) / 1000 }));
  for (const [cause, seeds] of causes)
    console.log(`${seeds.length} × ${cause} …: ${seeds.slice(0, 10).join(' ')}`);
  if (totals.failures > 0) process.exitCode = 1;
}
