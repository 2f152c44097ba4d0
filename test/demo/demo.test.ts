import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { SessionRow } from '../../src/chassis/operations.ts';
import { chassis } from '../cli/support/command.ts';
import { dataFile } from '../support/data.ts';
import { lanes } from '../support/lanes.ts';
import { RunningDemo } from './support/running-demo.ts';

const SMALL = ['--prefixes', '2000', '--rate', '300'];
/** Where neither the number of blades says anything, nor how long a graft takes. */
const SMALLER = [...SMALL, '--blades', '2', '--cold'];

const test = lanes(3);

function demo(t: ExecutionContext, ...words: string[]): RunningDemo {
  const running = new RunningDemo(...words);
  t.teardown(async () => {
    running.signal('SIGKILL');
    await running.ended;
    running.remove();
  });
  return running;
}

/** It ended as it should: the neighbours were told, and nothing is left of it. */
function endedCleanly(t: ExecutionContext, running: RunningDemo): void {
  t.regex(running.out, /ended with exit status 0; 8 of 8 neighbours got their Cease/);
  t.deepEqual(readdirSync(running.temporary), []);
  t.deepEqual(readdirSync(running.folder), []);
  t.is(running.err, '');
}

test('it grafts the busiest session, proves that nobody noticed, and ends with status 0', async (t) => {
  const running = demo(t, '--once', ...SMALL);
  t.is(await running.ended, 0, running.out + running.err);
  t.regex(running.out, /8 BGP speakers/);
  t.regex(running.out, /moved +127\.0\.0\.11 from blade 0 to blade [123]/);
  t.regex(running.out, /pause of the session +\d/);
  t.regex(running.out, /PROVED: no reset, no NOTIFICATION, nothing twice, nothing wrong/);
  t.regex(running.out, /PROVED: 8 neighbours got 0 UPDATE messages/);
  t.false(running.out.includes('NOT PROVED'));
  t.false(running.out.includes('\x1b'), 'escape codes in a pipe');
  const wide = running.out
    .split('\n')
    .filter((line) => line.length > 80 && !/bin.chassis|sessions up/.test(line));
  t.deepEqual(wide, [], 'lines wider than a narrow terminal');
  endedCleanly(t, running);
});

test('a session that is cleared under its eyes makes the proof fail, with status 1', async (t) => {
  const running = demo(t, '--once', ...SMALLER);
  await running.says(/Changes: /);
  const cleared = await chassis(['clear', '127.0.0.17'], { cwd: running.folder });
  t.is(cleared.status, 0, cleared.err);
  t.is(await running.ended, 1, running.out + running.err);
  t.regex(running.out, /127\.0\.0\.17 \(collector\): 1 session reset, 1 NOTIFICATION/);
  t.regex(running.out, /NOT PROVED/);
});

test('it stays up for commands, grafts now and then, and ends with status 0 on Ctrl-C', async (t) => {
  const running = demo(t, '--every', '1', ...SMALLER);
  await running.says(/The router stays up/);
  const shown = await chassis(['show', 'sessions', '--json'], { cwd: running.folder });
  const sessions = JSON.parse(shown.out) as SessionRow[];
  t.deepEqual(new Set(sessions.map(({ state }) => state)), new Set(['Established']));
  t.is(sessions.length, 8);
  t.is(sessions.filter(({ routesReceived }) => routesReceived > 1900).length, 2);
  await running.says(/from blade \d to \d: .*nobody noticed/);

  const second = demo(t, ...SMALLER);
  const other = await chassis(['demo'], { cwd: running.folder });
  t.is(other.status, 1);
  t.regex(other.err, /another demo or chassis is running: it answers at .*graftd\.sock; end it/);
  await second.says(/127\.0\.0\.1:\d+/);
  second.signal('SIGTERM');
  t.is(await second.ended, 0, 'a second one in another folder is no problem');

  // As npm and a terminal together send it.
  running.signal('SIGINT');
  running.signal('SIGINT');
  t.is(await running.ended, 0, running.err);
  endedCleanly(t, running);
});

test('a router that dies is told, with status 1, and its log is kept', async (t) => {
  const running = demo(t, ...SMALLER);
  const [, pid] = await running.says(/process (\d+)/);
  await running.says(/converged/);
  process.kill(Number(pid), 'SIGKILL');
  t.is(await running.ended, 1);
  t.regex(running.err, /the router ended with signal SIGKILL/);
  const [kept] = readdirSync(running.temporary);
  t.true(existsSync(path.join(running.temporary, kept ?? '', 'chassis.log')));
});

for (const stage of ['Feeds', 'Router', 'Neighbours', 'Tables', 'Graft']) {
  test(`it can be interrupted in the act "${stage}", and leaves nothing behind`, async (t) => {
    const running = demo(t, ...SMALLER);
    await running.says(new RegExp(`${stage}:`));
    running.signal('SIGINT');
    t.is(await running.ended, 0, running.err);
    t.deepEqual(readdirSync(running.temporary), []);
    t.deepEqual(readdirSync(running.folder), []);
  });
}

const DUMPS = ['routeviews-updates.20161101.0000.bz2', 'routeviews6-rib.20151101.0600.part1.gz'];

for (const name of DUMPS) {
  test(`it feeds a real dump: ${name}`, async (t) => {
    const file = dataFile(`mrt/${name}`);
    if (file === undefined) {
      t.log('skipped: the real data are not here');
      t.pass();
      return;
    }
    const running = demo(t, '--once', '--cold', '--rate', '200', '--mrt', file);
    t.is(await running.ended, 0, running.out + running.err);
    t.regex(running.out, /transit A: as AS \d+ \([0-9a-f.:]+\), \d+ routes in \d+ UPDATE messages/);
    t.regex(running.out, /PROVED: no reset/);
  });
}

const WRONG: [words: string[], status: number, message: RegExp][] = [
  [['--mrt', 'nowhere.mrt'], 1, /nowhere\.mrt: there is no such file/],
  [['--mrt', '.'], 1, /is a folder; give a file in MRT format/],
  [['--mrt', 'text'], 1, /text: is no MRT file/],
  [['--mrt', 'empty'], 1, /empty: has no unicast routes/],
  [['--mrt', 'text', '--prefixes', '5000'], 2, /--prefixes is for generated tables/],
  [['--rate=-5'], 2, /--rate must be a whole number/],
  [['--rate', 'fast'], 2, /--rate must be a whole number, not "fast"/],
  [['--prefixes', '1000001'], 2, /--prefixes must be a whole number from 1000 to 1000000/],
  [['--blades', '1'], 2, /--blades must be a whole number from 2 to 32/],
  [['--once', '--seconds', '3'], 2, /--once and --seconds both say when to end/],
];

test('wrong usage and unusable files are told in one line', async (t) => {
  for (const [words, status, message] of WRONG) {
    const running = demo(t, ...words);
    writeFileSync(path.join(running.folder, 'text'), 'once upon a time there was a router\n'.repeat(20));
    writeFileSync(path.join(running.folder, 'empty'), '');
    t.is(await running.ended, status, words.join(' '));
    t.regex(running.err, message);
    t.regex(running.err, /^chassis: [^\n]+\n$/);
    t.deepEqual(readdirSync(running.temporary), []);
  }
});
