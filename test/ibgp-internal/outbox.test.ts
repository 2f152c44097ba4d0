/** Records on their way from an outbox through channels to siblings whose interests change, and that come to their turns late. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { BLADE_WORD } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions, type FabricMemory } from '../../src/fabric/memory.ts';
import { MARKER, SiblingChannel } from '../../src/ibgp-internal/channel.ts';
import { ALL } from '../../src/ibgp-internal/interest.ts';
import { Outbox } from '../../src/ibgp-internal/outbox.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { notePresence } from '../../src/rib/presence.ts';
import { takeOne } from '../fabric/support/take.ts';

const BLADES = 3;
const SESSIONS = 4;
const IDS = 12;
const HISTORIES = 200;
const STEPS = 150;

test('whatever concerns a sibling when it is told reaches it, and a marker stands behind it', (t) => {
  const memory = createFabricMemory({ ...defaultFabricOptions(BLADES, 32), ringRecords: 4 });
  for (let seed = 1; seed <= HISTORIES; seed++) play(memory, seed);
  t.pass();
});

interface Sibling {
  readonly slot: number;
  readonly channel: SiblingChannel;
  interest: number;
  /** What it is to be told; and for each marker on its way, in order, what has to come before it. */
  readonly owed: Set<number>;
  readonly markers: Set<number>[];
}

function play(memory: FabricMemory, seed: number): void {
  const random = new Random(seed);
  const fabric = new Fabric(memory, 0, describeFor(65_000));
  const outbox = new Outbox(fabric, 0);
  outbox.blades = BLADES;
  // Each prefix is one session's.
  const marks = Array.from({ length: IDS }, (_, id) => 1 << (id % SESSIONS));
  for (let id = 0; id < IDS; id++) notePresence(fabric, id % SESSIONS, id);
  const siblings: Sibling[] = [1, 2].map((slot) => ({
    slot,
    channel: new SiblingChannel(fabric, 0, slot, outbox),
    interest: ALL,
    owed: new Set(),
    markers: [],
  }));
  const rings = siblings.map(({ slot }) => fabric.ringBetween(0, slot));
  const added: number[] = [];
  let sent = 0;

  const concerns = ({ interest }: Sibling, id: number): boolean =>
    interest === ALL || (interest & (marks[id] as number)) !== 0;
  const want = (sibling: Sibling, interest: number): void => {
    sibling.interest = interest;
    fabric.setBladeWord(sibling.slot, BLADE_WORD.interest, interest);
    for (const set of [sibling.owed, ...sibling.markers])
      for (const id of set) if (!concerns(sibling, id)) set.delete(id);
  };
  const sort = (): void => {
    for (const id of added.splice(0))
      for (const sibling of siblings) {
        if (!concerns(sibling, id)) continue;
        sibling.owed.add(id);
        sent++;
      }
  };
  const flush = (): void => {
    sort();
    outbox.sort();
    for (const { channel } of siblings) channel.flush();
    if (siblings.some(({ channel }) => channel.lags)) return;
    outbox.empty();
    for (const { channel } of siblings) channel.emptied();
  };
  const read = (which: number): void => {
    const sibling = siblings[which] as Sibling;
    const ring = rings[which] as (typeof rings)[number];
    while (ring.waiting() > 0) {
      const [id] = takeOne(ring);
      if (id !== MARKER) {
        sibling.owed.delete(id);
        for (const set of sibling.markers) set.delete(id);
        continue;
      }
      const late = sibling.markers.shift();
      if (late === undefined || late.size > 0)
        throw new Error(`seed ${seed}: ${[...(late ?? [])]} come late`);
    }
    ring.release();
  };

  for (const sibling of siblings) want(sibling, ALL);
  for (let step = 0; step < STEPS; step++) {
    const which = random.below(siblings.length);
    const sibling = siblings[which] as Sibling;
    const what = random.below(10);
    if (what < 5 && !outbox.full) {
      const id = random.below(IDS);
      outbox.add(id, 0);
      added.push(id);
    } else if (what < 7) flush();
    else if (what === 7) read(which);
    else if (what === 8) want(sibling, random.chance(0.4) ? ALL : random.below(1 << SESSIONS));
    else if (random.chance(0.3)) {
      sort();
      sibling.channel.put(MARKER, 0);
      sibling.markers.push(new Set(sibling.owed));
    }
  }
  for (let i = 0; i < 2 * STEPS; i++) {
    flush();
    read(0);
    read(1);
  }
  for (const { slot, owed, markers } of siblings)
    if (owed.size > 0 || markers.length > 0)
      throw new Error(`seed ${seed}: blade ${slot} was not told of ${[...owed]}, ${markers.length} markers`);
  if (outbox.sent !== sent) throw new Error(`seed ${seed}: ${sent} were sent, counted ${outbox.sent}`);
}
