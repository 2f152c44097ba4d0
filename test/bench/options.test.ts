/** What a benchmark is asked for wrongly is one line and status 2, before anything is measured. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { whyNot } from '../../bench/support/options.ts';

const WRONG: [words: string[], message: RegExp][] = [
  [['graft', '--sizess', '1'], /Unknown option '--sizess'/],
  [['graft', '--sizes', '1000,x'], /--sizes must be numbers with commas between, not "1000,x"/],
  [['convergence', '--case', 'nosuch'], /"nosuch" is no case/],
  [['convergence', '--case', '1x1k-2', '--blades', 'two'], /--blades must be numbers, or default, not "two"/],
];
for (const [words, message] of WRONG) {
  test(`npm run bench ${words.join(' ')}: a line that says what is wrong, status 2`, (t) => {
    const program = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
    t.is(status, 2);
    t.regex(stderr, message);
    t.regex(stderr, /^[^\n]+; --help lists the options\n$/);
  });
}

test('an option is what it is without being given: a number, numbers, or any words', (t) => {
  t.deepEqual(
    ['7', '0.5', '7,8', '-1', 'x', ''].filter((value) => whyNot('4', value) === undefined),
    ['7', '0.5'],
  );
  t.deepEqual(
    ['7', '7,8', '7,', 'x'].filter((value) => whyNot('1,2', value) === undefined),
    ['7', '7,8'],
  );
  t.is(whyNot('graftd,bird', 'frr'), undefined);
  t.is(whyNot(undefined, 'x'), undefined);
});
