/** A small part of `npm run fuzz`, always the same: whatever a neighbour sends gets an answer, in time, and nobody else notices. */
import test from 'ava';
import fc from 'fast-check';
import { Random } from '../../src/base/random.ts';
import { decodeRouteRefresh, HEADER_LENGTH, MAX_MESSAGE, readHeader } from '../../src/bgp/message.ts';
import { decodeOpen } from '../../src/bgp/open.ts';
import { Action, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { theCorpus } from './corpus.ts';
import { Mutator } from './mutate.ts';
import { Fuzzer } from './run.ts';
import { hex, INPUT_ROOM } from './target.ts';

const SEED = 20_260_101;
const view = new UpdateView();

/** Inputs of each; conversations with a blade cost more. */
const COUNTS: readonly (readonly [target: string, inputs: number])[] = [
  ['update', 20_000],
  ['stream', 8000],
  ['open', 8000],
  ['mrt', 8000],
  ['session', 1200],
];

for (const [target, inputs] of COUNTS) {
  test(`${inputs} inputs: ${target}`, (t) => {
    const fuzzer = new Fuzzer(target);
    for (let index = 0; index < inputs; index++) {
      const found = fuzzer.one(SEED, index);
      if (found === undefined) continue;
      t.fail(`${found.why}\n  seed ${SEED}, number ${index}: ${hex(found.input)}`);
      return;
    }
    t.deepEqual(fuzzer.counts, { [target]: inputs });
  });
}

test('an input is the same each time, whatever came before it', (t) => {
  const inputOf = (fuzzer: Fuzzer, index: number): string => {
    let input = '';
    fuzzer.one(SEED, index, (_, name, bytes) => {
      input = `${name} ${hex(bytes)}`;
    });
    return input;
  };
  const [a, b] = [new Fuzzer(), new Fuzzer()];
  const forwards = Array.from({ length: 50 }, (_, index) => inputOf(a, index));
  const backwards = Array.from({ length: 50 }, (_, index) => inputOf(b, 49 - index)).reverse();
  t.deepEqual(forwards, backwards);
});

test('mutation reaches all that can become of an UPDATE message', (t) => {
  const mutator = new Mutator(theCorpus());
  const random = new Random(SEED);
  const into = new Uint8Array(INPUT_ROOM);
  const counts = new Array<number>(5).fill(0);
  const rounds = 10_000;
  for (let round = 0; round < rounds; round++) {
    const end = mutator.update(random, into, 0);
    decodeUpdate(
      into,
      HEADER_LENGTH,
      end,
      { fourOctetAs: true, external: round % 2 === 0, families: 3 },
      view,
    );
    counts[view.action]!++;
  }
  t.log(`none ${counts[0]}, discard ${counts[1]}, treat-as-withdraw ${counts[2]}, reset ${counts[4]}`);
  for (const action of [Action.None, Action.AttributeDiscard, Action.TreatAsWithdraw, Action.SessionReset]) {
    t.true(counts[action]! > rounds / 20, `action ${action}`);
  }
});

test('noise is never a message', (t) => {
  const octet = fc.oneof(fc.constant(255), fc.nat(255), fc.nat(4));
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 90 }), (octets) => {
      const noise = Uint8Array.from(octets);
      const answer = readHeader(noise, 0, noise.length, MAX_MESSAGE);
      const marker = noise.subarray(0, 16).every((each) => each === 255);
      t.true(noise.length < HEADER_LENGTH ? answer === 0 : marker || answer === -0x101);
      decodeUpdate(noise, 0, noise.length, { fourOctetAs: true, external: true, families: 3 }, view);
      decodeOpen(noise, 0, noise.length);
      decodeRouteRefresh(noise, 0, noise.length);
    }),
    { numRuns: 5000, seed: SEED },
  );
});
