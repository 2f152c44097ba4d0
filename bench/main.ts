/** `npm run bench`: lists the benchmarks, or runs the one that is named. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS: Readonly<Record<string, string>> = {
  backpressure:
    'neighbours that read nothing, or little, while full tables flow: what the others notice (a minute; --prefixes N, --seconds S)',
  fairness:
    'a single change, and KEEPALIVEs, while another neighbour sends full tables (a minute; --prefixes N, --changes N)',
  graft: 'time of a graft against RIB size, beside a graft that copies (about 2 minutes; --quick: seconds)',
  recovery:
    'a blade crashes: time until its sessions are served again, against RIB size (2 minutes; --quick: seconds)',
  route:
    'the way of a route through the blades, in one thread and without sockets: ns a route, for 1 to 8 blades',
  convergence:
    'senders announce, everybody learns the best: graftd and the other daemons, side by side (hours; --case, --rounds, --scale)',
  sets: 'sets of prefixes by size: time to load one from a file, and what a look-up costs (seconds)',
  turns:
    'what an operator does that is large, on a full table and while another one comes: the longest turn of a blade (2 minutes)',
  wire: 'an UPDATE message from bytes to dictionary and back, stage by stage, in nanoseconds (--only NAME)',
};

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || BENCHMARKS[name] === undefined) {
  if (name !== undefined && name !== '--help')
    console.error(`bench: there is no benchmark "${name}"; there are:`);
  for (const [benchmark, what] of Object.entries(BENCHMARKS))
    console.log(`npm run bench ${benchmark.padEnd(12)} ${what}`);
  process.exitCode = name === undefined || name === '--help' ? 0 : 2;
} else {
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  process.exitCode = spawnSync(process.execPath, [file, ...rest], { stdio: 'inherit' }).status ?? 1;
}
