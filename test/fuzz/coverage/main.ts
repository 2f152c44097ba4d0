/** `npm run fuzz:coverage`: fuzzing that keeps the inputs which reach new code, in one thread, for some seconds. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readOptions } from '../../../bench/support/options.ts';
import { foundFor } from '../found.ts';
import { TARGETS } from '../run.ts';
import { hex, type Target } from '../target.ts';
import { Counters } from './counters.ts';
import { Explorer, type Input } from './explorer.ts';

const HELP = `npm run fuzz:coverage -- [--target NAME] [--seconds S] [--seed N] [--folder PATH]

  --target NAME  update (as it is), stream, open, mrt or session
  --seconds S    ends after so long (60)
  --seed N       where chance begins (the time of day)
  --folder PATH  inputs that reached something are read from there, and written there
  --distill      prints, at the end, few and short inputs that reach all that was reached, as found.ts has them

What fails is printed with its octets, and makes the exit status 1.

Example: npm run fuzz:coverage -- --target session --seconds 600 --folder /tmp/inputs
`;

const { values } = readOptions({
  options: {
    target: { type: 'string', default: 'update' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    folder: { type: 'string' },
    distill: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** In a file the octets stand behind the chance. */
function read(folder: string): Input[] {
  return readdirSync(folder).map((name) => {
    const [chance, octets] = readFileSync(path.join(folder, name), 'utf8').split(' ') as [string, string];
    return { chance: Number(chance), bytes: Uint8Array.from(Buffer.from(octets, 'hex')) };
  });
}

function explore(name: string, make: () => Target): void {
  const counters = new Counters('/dist/src/');
  const explorer = new Explorer(make(), counters, Number(values.seed));
  const { folder } = values;
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  let failures = 0;
  const report = (found: ReturnType<Explorer['step']>): void => {
    for (const { input, why } of found) {
      failures++;
      process.exitCode = 1;
      const again = `npm run fuzz -- --target ${name} --seed ${input.chance} --bytes ${hex(input.bytes)}`;
      if (failures <= 20) console.log(`${why}\n  again: ${again}`);
    }
  };
  for (const input of foundFor(name)) report(explorer.look(input));
  if (folder !== undefined) for (const input of read(folder)) report(explorer.look(input));
  const known = explorer.kept.length;
  const begin = performance.now();
  const seconds = (): number => (performance.now() - begin) / 1000;
  const say = (): void =>
    console.log(
      `${seconds().toFixed(0)} s: ${explorer.inputs} inputs, ${explorer.kept.length} kept, ${counters.places} places, ${failures} failures, the slowest took ${explorer.slowest.toFixed(1)} ms`,
    );
  for (let next = 10; seconds() < Number(values.seconds); ) {
    report(explorer.step());
    if (seconds() < next) continue;
    say();
    next += 10;
  }
  say();
  counters.close();
  if (values.distill) distill(make, explorer.kept);
  if (folder === undefined) return;
  for (const { chance, bytes } of explorer.kept.slice(known))
    writeFileSync(path.join(folder, `${Date.now()}-${explorer.inputs++}`), `${chance} ${hex(bytes)}`);
}

/** The shortest go first, and only who adds a place stays. */
function distill(make: () => Target, kept: readonly Input[]): void {
  const counters = new Counters('/dist/src/');
  const explorer = new Explorer(make(), counters, 1);
  const byLength = [...kept].sort((a, b) => a.bytes.length - b.bytes.length);
  for (const input of byLength) {
    const before = counters.places;
    explorer.look(input);
    if (counters.places > before) console.log(`  [${input.chance}, '${hex(input.bytes)}'],`);
  }
}

const target = TARGETS.map(([make]) => make).find((make) => make().name === values.target);
if (values.help) console.log(HELP);
else if (target === undefined) {
  console.error(`fuzz: there is no target "${values.target}"`);
  process.exitCode = 2;
} else explore(values.target, target);
