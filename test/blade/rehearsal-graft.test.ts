/** The rehearsal's grafts: one that is never finished would rehearse nothing, and nobody would notice but by what is compiled later. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Blade } from '../../src/blade/blade.ts';
import { openRecord } from '../../src/blade/rehearsal/rehearsal.ts';
import { rehearseGraft } from '../../src/blade/rehearsal/rehearsal-graft.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

test('a session that moves in the rehearsal is the other blade’s at the end, and can go back', (t) => {
  const memory = smallMemory({ blades: 2, sessions: 4, grafts: 1 });
  const sessions = [plainSession(0), plainSession(1)];
  const blades = [0, 1].map((slot) => {
    const fabric = new Fabric(memory, slot, describeFor(65_000));
    return new Blade(
      fabric,
      slot,
      sessions,
      () => 0,
      new Random(slot + 1),
      () => {},
    );
  }) as [Blade, Blade];
  const [{ fabric }] = blades;
  for (const [session, blade] of blades.entries()) {
    openRecord(fabric, session);
    blade.order({ kind: 'attach', session });
  }
  for (const to of [1, 0, 1]) {
    rehearseGraft(fabric, 0, to, () => {
      for (const blade of blades) blade.turn();
    });
    t.is(fabric.homeOf(0), to);
    t.deepEqual(
      blades.map((blade) => blade.roster.served.has(0)),
      [to === 0, to === 1],
    );
    t.deepEqual(
      blades.map((blade) => blade.routes.catchingUp),
      [0, 0],
      'siblings have answered',
    );
  }
});
