/**
 * A first figure of convergence: one neighbour announces a table, two others learn it. The chassis is a process of its
 * own, so that its processor time and memory are its own; the speakers check that every prefix arrived.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { type RemoteSpeaker, SpeakerThread } from '../src/lab/thread.ts';
import { freePort, neighborAddress } from './support/box.ts';
import { machineLine, table, writeResults } from './support/report.ts';

const { values } = parseArgs({
  options: {
    prefixes: { type: 'string', default: '1000000' },
    blades: { type: 'string', default: '1,2,4' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

const RECEIVERS = 2;
/** A receiver that was told nothing for so long has been told everything, milliseconds. */
const QUIET = 1000;

interface Result {
  readonly blades: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly updatesToEach: number;
  readonly complete: boolean;
}

if (values.help) console.log('npm run bench converge -- [--prefixes 1000000] [--blades 1,2,4] [--rounds 3]');
else await main();

async function main(): Promise<void> {
  console.log(`${machineLine()}\n`);
  const prefixes = Number(values.prefixes);
  const results: Result[] = [];
  for (const blades of values.blades.split(',').map(Number)) {
    for (let round = 0; round < Number(values.rounds); round++) results.push(await measure(prefixes, blades));
  }
  console.log(`1 × ${prefixes} prefixes → ${RECEIVERS} receivers; each row is a round`);
  console.log(
    table(
      ['blades', 'wall s', 'CPU s', 'peak MiB', 'UPDATEs to each', 'complete'],
      results.map((r) => [
        r.blades,
        r.wallSeconds.toFixed(2),
        r.cpuSeconds.toFixed(2),
        Math.round(r.peakMiB),
        r.updatesToEach,
        r.complete ? 'yes' : 'NO',
      ]),
    ),
  );
  writeResults('converge', { prefixes, receivers: RECEIVERS, results });
  if (results.some(({ complete }) => !complete)) process.exitCode = 1;
}

async function measure(prefixes: number, blades: number): Promise<Result> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-bench-'));
  const port = await freePort();
  const file = path.join(folder, 'graftd.yaml');
  writeFileSync(file, configuration(blades, port));
  const cli = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'run', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const thread = new SpeakerThread();
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', () => reject(new Error('the chassis ended')));
    });
    const speakers = await connect(thread, port);
    const feed = feedFor(generateTable({ seed: 7, ipv4: prefixes, ipv6: 0 }), {
      neighborAs: 64501,
      nextHop: neighborAddress(0),
      seed: 7,
    });
    const before = cpuSeconds(child.pid as number);
    const start = performance.now();
    await speakers[0]?.send(feed);
    const receivers = speakers.slice(1);
    await Promise.all(receivers.map((speaker) => speaker.quiet(QUIET)));
    const stats = await Promise.all(receivers.map((speaker) => speaker.stats()));
    return {
      blades,
      wallSeconds: (performance.now() - start - QUIET) / 1000,
      cpuSeconds: cpuSeconds(child.pid as number) - before,
      peakMiB: peakMiB(child.pid as number),
      updatesToEach: stats[0]?.updates ?? 0,
      complete: stats.every(
        ({ routes4, duplicates, resets }) => routes4 === prefixes && duplicates === 0 && resets === 0,
      ),
    };
  } finally {
    await thread.close();
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function connect(thread: SpeakerThread, port: number): Promise<RemoteSpeaker[]> {
  const speakers: RemoteSpeaker[] = [];
  for (let i = 0; i < 1 + RECEIVERS; i++) {
    const localAddress = neighborAddress(i);
    const options = {
      localAs: 64501 + i,
      routerId: `10.0.0.${i + 1}`,
      localAddress,
      connect: { host: '127.0.0.1', port },
    };
    speakers.push(await thread.add(options));
  }
  for (const speaker of speakers) await speaker.up();
  return speakers;
}

function configuration(blades: number, port: number): string {
  const neighbors = Array.from(
    { length: 1 + RECEIVERS },
    (_, i) =>
      `  - { address: ${neighborAddress(i)}, as: ${64501 + i}, passive: true, import: accept, export: accept }\n`,
  );
  return `router: { as: 65000, id: 192.0.2.1, listen: ['127.0.0.1:${port}'] }
chassis: { blades: ${blades} }
neighbors:
${neighbors.join('')}`;
}

/** Of a process with all its threads; Linux counts in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
