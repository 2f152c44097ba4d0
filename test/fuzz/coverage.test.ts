/** Fuzzing by coverage: it is led to what blind chance does not find, and what it found once is tried again. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Counters } from './coverage/counters.ts';
import { Explorer } from './coverage/explorer.ts';
import { havoc } from './coverage/havoc.ts';
import { FOUND_TARGETS, foundFor } from './found.ts';
import { Fuzzer } from './run.ts';
import { hold, type Target } from './target.ts';

/** Batches that it may take: a fraction of that is usual. */
const MOST = 10_000;

/** A lock: each octet that is right leads one step on, and nothing else tells. */
const lock: Target = {
  name: 'lock',
  what: 'opens for one input of a million',
  make(random, into) {
    for (let i = 0; i < 4; i++) into[i] = random.below(256);
    return 4;
  },
  run(input) {
    if ((input[0]! & 31) !== 7) return;
    if ((input[1]! & 31) !== 18) return;
    if ((input[2]! & 31) !== 1) return;
    hold((input[3]! & 31) !== 6, 'open');
  },
};

test.serial('a place that is reached step by step is found', (t) => {
  const counters = new Counters('/test/fuzz/coverage.test');
  const explorer = new Explorer(lock, counters, 7);
  let batches = 0;
  while (explorer.step().length === 0 && batches < MOST) batches++;
  counters.close();
  t.log(`${explorer.inputs} inputs, ${explorer.kept.length} kept`);
  t.true(batches < MOST);
});

test('inputs are changed in the same way from the same seed, and stay short', (t) => {
  const parent = Uint8Array.from({ length: 5000 }, (_, i) => i);
  const child = (seed: number): Uint8Array => havoc(parent, parent.subarray(7), new Random(seed));
  t.deepEqual(child(3), child(3));
  t.notDeepEqual(child(3), child(4));
  for (let seed = 1; seed < 200; seed++) t.true(child(seed).length <= 4096 + 16 * 64);
});

for (const target of FOUND_TARGETS) {
  test(`inputs that got somewhere first: ${target}`, (t) => {
    const fuzzer = new Fuzzer(target);
    const inputs = foundFor(target);
    for (const { bytes, chance } of inputs) t.is(fuzzer.bytes(target, bytes, chance), undefined);
    t.true(inputs.length > 10);
  });
}
