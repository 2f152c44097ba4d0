/** `npm run soak`: an endless churn of fresh prefixes and attribute sets leaves resident memory flat (I3). */
import { type SoakSample, soak } from './soak/run.ts';
import { TURN_HEAD, turnCells } from './support/longest-turn.ts';
import { readOptions } from './support/options.ts';
import { machineLine, table, writeResults } from './support/report.ts';

const HELP = `npm run soak -- [--prefixes 50000000] [--window 100000] [--blades 2] [--table N] [--every N]

One neighbour announces prefixes that were never announced before, with attribute sets that were never there before, and
withdraws them again; another one is told all of it. Ends with status 1 when a session falls, when anything is left at the end,
or when memory goes on growing.

  --prefixes N   how many, each of them once (50 million take some minutes)
  --window N     so many are announced at the same time
  --blades N     the two neighbours are on the first two
  --table N      room for IPv4 prefixes and for attribute sets; without it the chassis' own 2 and 4 million
  --every N      a line each time so many more were announced

Example: npm run soak -- --prefixes 1000000 --table 65536 --window 10000
`;

const { values } = readOptions({
  options: {
    prefixes: { type: 'string', default: '50000000' },
    window: { type: 'string', default: '100000' },
    blades: { type: 'string', default: '2' },
    table: { type: 'string' },
    every: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/**
 * Warm after so much of it; then memory may swing, by what collectors of garbage do and by how late sweeps are on a busy machine.
 * Without sweeps it would be some gigabytes.
 */
const WARM = 0.2;
const SWING = 0.25;
const SWING_MIB = 64;

const HEAD = [
  'seconds',
  'announced',
  'RSS MiB',
  'prefix ids',
  'set ids',
  'blocks',
  'sweeps',
  ...TURN_HEAD,
  'slice ms',
];

function cells(sample: SoakSample): (string | number)[] {
  return [
    Math.round(sample.seconds),
    sample.announced,
    Math.round(sample.residentMiB),
    sample.prefixIds,
    sample.setIds,
    sample.blocks,
    sample.sweeps,
    ...turnCells(sample.turn),
    sample.longestSlice.toFixed(1),
  ];
}

async function main(): Promise<void> {
  const prefixes = Number(values.prefixes);
  const options = {
    prefixes,
    window: Number(values.window),
    blades: Number(values.blades),
    every: Number(values.every ?? prefixes / 20),
    ...(values.table === undefined ? {} : { table: Number(values.table) }),
  };
  console.log(`${machineLine()}\n`);
  const result = await soak(options, (sample) =>
    console.log(
      cells(sample)
        .map((cell, i) => `${HEAD[i]} ${cell}`)
        .join(', '),
    ),
  );
  console.log(`\n${table(HEAD, result.samples.map(cells))}`);
  writeResults('soak', { options, ...result });
  const warm = result.samples.filter(({ announced }) => announced >= prefixes * WARM);
  const [first] = warm;
  const most = Math.max(...warm.map(({ residentMiB }) => residentMiB));
  const growth = first === undefined ? 0 : most - first.residentMiB;
  const allowed = SWING_MIB + SWING * (first?.residentMiB ?? 0);
  console.log(
    `\nIds that came back: ${result.returned.prefixes} of prefixes, ${result.returned.sets} of sets, ${result.returned.blocks} blocks.`,
  );
  console.log(`Memory grew by ${growth.toFixed(0)} MiB at most after the first ${WARM * 100} %.`);
  console.log(`The witness was told ${result.told} announcements.`);
  for (const who of result.lost) console.log(`wrong: the session of the ${who} fell`);
  if (result.left > 0) console.log(`wrong: ${result.left} routes are left`);
  if (growth > allowed) console.log('wrong: memory goes on growing');
  if (result.lost.length > 0 || result.left > 0 || growth > allowed) process.exitCode = 1;
}

if (values.help) console.log(HELP);
else await main();
