/** A blade that tells neighbours whose own programs may wait for its processor. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Blade } from '../../src/blade/blade.ts';
import { openRecord } from '../../src/blade/rehearsal/rehearsal.ts';
import { Neighbor } from '../../src/blade/rehearsal/rehearsal-neighbor.ts';
import type { Courier } from '../../src/fabric/courier.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

const SENDER = 1;
/** Those that are told the same: the others' end of ours is another address. */
const RECEIVERS = [0, 2, 4, 6];

/** Next hops that part them in three groups. */
const NEXT_HOPS: Readonly<Record<number, Uint8Array>> = {
  4: Uint8Array.of(192, 0, 2, 4),
  6: Uint8Array.of(192, 0, 2, 6),
};

/** What a blade does when a neighbour has told so many sets, each time: whom it sends to, and when it gives way. */
function done(times: readonly number[], parted = false): (number | 'gives way')[] {
  const memory = smallMemory({ blades: 1, sessions: 8, receiveBytes: 1 << 14, transmitBytes: 1 << 18 });
  const fabric = new Fabric(memory, 0, describeFor(65_000));
  const log: (number | 'gives way')[] = [];
  const courier: Pick<Courier, 'send' | 'giveWay'> = {
    send: (session) => log.push(session) > 0,
    giveWay: () => log.push('gives way'),
  };
  fabric.courier = courier as Courier;
  const configurations = [...RECEIVERS, SENDER].map((index) =>
    plainSession(index, parted && index in NEXT_HOPS ? { nextHop4: NEXT_HOPS[index] as Uint8Array } : {}),
  );
  const blade = new Blade(
    fabric,
    0,
    configurations,
    () => 0,
    new Random(1),
    () => {},
  );
  const sender = new Neighbor(fabric, SENDER, 65_001);
  for (const { index } of configurations) {
    openRecord(fabric, index);
    blade.order({ kind: 'attach', session: index });
  }
  while (blade.turn());
  log.length = 0;
  let set = 0;
  for (const sets of times) {
    for (const end = set + sets; set < end; set++) sender.tell(0, set);
    while (blade.turn());
  }
  return log;
}

test('of a single change, who waits for the processor goes on once the first one is told', (t) => {
  t.deepEqual(done([1]), [0, 'gives way', 2, 4, 6]);
});

test('of a single change that several groups hear, it gives way once, and again for the next change', (t) => {
  const once = [0, 'gives way', 2, 4, 6] as const;
  t.deepEqual(done([1, 1], true), [...once, ...once]);
});

test('of many changes, all are told at once', (t) => {
  // What came last is told first, as a change of its own.
  t.deepEqual(done([40]).slice(-RECEIVERS.length), RECEIVERS);
});
