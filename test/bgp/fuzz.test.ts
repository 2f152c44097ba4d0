/** Whatever a neighbour sends: an answer, never an exception, and nothing outside the message is believed. */
import test from 'ava';
import fc from 'fast-check';
import { Random } from '../../src/base/random.ts';
import { newAttributeSummary, summarize } from '../../src/bgp/attributes.ts';
import { wireAttributes } from '../../src/bgp/encode.ts';
import { exportAttributes } from '../../src/bgp/export.ts';
import { decodeRouteRefresh, HEADER_LENGTH, MAX_MESSAGE, readHeader } from '../../src/bgp/message.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../../src/bgp/nlri.ts';
import { decodeOpen, encodeOpen, isFailure, noCapabilities } from '../../src/bgp/open.ts';
import {
  Action,
  CANONICAL_ROOM,
  canonicalize,
  decodeUpdate,
  isEndOfRib,
  UpdateView,
} from '../../src/bgp/update.ts';
import { announcement, mutate, nlri, prefix4, testSet, updateMessage } from './support.ts';

const ROUNDS = 20_000;
const seed = Number(process.env.GRAFTD_SEED ?? Date.now() % 1_000_000);

const view = new UpdateView();
const canonical = new Uint8Array(CANONICAL_ROOM);
const again = new Uint8Array(CANONICAL_ROOM);
const scratch = new Uint8Array(CANONICAL_ROOM);
const summary = newAttributeSummary();
const prefix = new Prefix();

/** Inside the message, in order. */
function stretches(message: Uint8Array): boolean {
  const pairs = [
    [view.withdrawnStart, view.withdrawnEnd],
    [view.attributesStart, view.attributesEnd],
    [view.nlriStart, view.nlriEnd],
    [view.reachNlriStart, view.reachNlriEnd],
    [view.unreachStart, view.unreachEnd],
    [view.reachNextHopStart, view.reachNextHopStart + view.reachNextHopLength],
    [view.errorDataStart, view.errorDataEnd],
  ] as const;
  return pairs.every(([start, end]) => start >= HEADER_LENGTH && start <= end && end <= message.length);
}

function walk(bytes: Uint8Array, start: number, end: number, read: typeof readPrefix4): boolean {
  let at = start;
  while (at < end) at = read(bytes, at, prefix);
  return at === end;
}

test(`a mutated UPDATE message is answered, and what it is good for has one canonical form (seed ${seed})`, (t) => {
  const random = new Random(seed);
  const routes = fc.tuple(fc.boolean().chain(testSet), fc.array(prefix4, { maxLength: 5 }));
  const corpus = fc
    .sample(routes, { numRuns: 200, seed })
    .map(([set, prefixes]) => announcement(set, nlri(prefixes)));
  const counts = new Array<number>(5).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    const message = mutate(random.pick(corpus), random);
    const options = {
      fourOctetAs: random.chance(0.8),
      external: random.chance(0.5),
      families: random.below(4),
      localAs: random.chance(0.5) ? 65000 : undefined,
    };
    decodeUpdate(message, HEADER_LENGTH, message.length, options, view);
    counts[view.action]!++;
    isEndOfRib(view);
    if (!stretches(message)) t.fail(`seed ${seed}, round ${round}: points outside`);
    if (view.action === Action.SessionReset) continue;
    const walked =
      walk(message, view.nlriStart, view.nlriEnd, readPrefix4) &&
      walk(message, view.withdrawnStart, view.withdrawnEnd, readPrefix4) &&
      walk(message, view.reachNlriStart, view.reachNlriEnd, view.reachAfi === 2 ? readPrefix6 : readPrefix4);
    if (!walked) t.fail(`seed ${seed}, round ${round}: NLRI runs over`);
    const mp = view.reachNlriStart < view.reachNlriEnd;
    if (view.action > Action.AttributeDiscard || (!mp && view.nlriStart === view.nlriEnd)) continue;
    const length = canonicalize(message, view, options, mp, canonical, 0);
    if (!mp && !holds(canonical.subarray(0, length), options.external)) {
      t.fail(`seed ${seed}, round ${round}: the canonical form is not one`);
    }
  }
  t.log(`none ${counts[0]}, discard ${counts[1]}, treat-as-withdraw ${counts[2]}, reset ${counts[4]}`);
  for (const action of [Action.None, Action.AttributeDiscard, Action.TreatAsWithdraw, Action.SessionReset]) {
    t.true(counts[action]! > ROUNDS / 200, `action ${action}`);
  }
});

/** Canonical octets go through everything that takes them, and are their own canonical form. */
function holds(bytes: Uint8Array, external: boolean): boolean {
  const copy = updateMessage({ attributes: [...bytes], nlri: [8, 10] });
  const options = { fourOctetAs: true, external, families: 3 };
  summarize(bytes, 0, bytes.length, summary);
  wireAttributes(bytes, 0, bytes.length, false, scratch, 0);
  exportAttributes(bytes, 0, bytes.length, { external: true, localAs: 1, nextHopSelf: false }, scratch, 0);
  decodeUpdate(copy, HEADER_LENGTH, copy.length, options, view);
  if (view.action !== Action.None) return false;
  const length = canonicalize(copy, view, options, false, again, 0);
  return length === bytes.length && bytes.every((octet, i) => octet === again[i]);
}

test(`a mutated OPEN is decoded or refused (seed ${seed})`, (t) => {
  const random = new Random(seed);
  const capabilities = {
    ...noCapabilities(),
    multiprotocol: [{ afi: 1, safi: 1 }],
    routeRefresh: true,
    fourOctetAs: 65001,
  };
  const unknown = [{ code: 200, value: new Uint8Array(250) }];
  const open = { version: 4, as: 65001, as2: 65001, holdTime: 90, bgpId: 1, capabilities };
  const corpus = [open, { ...open, capabilities: { ...capabilities, unknown } }].map(encodeOpen);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const message = mutate(random.pick(corpus), random);
    const result = decodeOpen(message, HEADER_LENGTH, message.length);
    if (isFailure(result)) refused++;
    else encodeOpen(result);
  }
  t.log(`refused ${refused} of ${ROUNDS}`);
  t.true(refused > ROUNDS / 100 && refused < ROUNDS);
});

test(`noise is never a message (seed ${seed})`, (t) => {
  const random = new Random(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const noise = Uint8Array.from({ length: random.below(80) }, () =>
      random.chance(0.3) ? 255 : random.below(256),
    );
    const answer = readHeader(noise, 0, noise.length, MAX_MESSAGE);
    t.true(
      noise.length < HEADER_LENGTH
        ? answer === 0
        : answer === -0x101 || (answer !== 0 && noise.subarray(0, 16).every((octet) => octet === 255)),
    );
    const options = { fourOctetAs: true, external: true, families: 3 };
    if (noise.length > 0) decodeUpdate(noise, 0, noise.length, options, view);
    decodeOpen(noise, 0, noise.length);
    decodeRouteRefresh(noise, 0, noise.length);
  }
});
