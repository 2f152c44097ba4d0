/** What siblings tell in a flood, only routes of their prefixes among it, leaves the best routes that those blades have themselves. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { LIMITS } from '../../src/blade/limits.ts';
import { ACCEPT_ALL } from '../../src/blade/policies.ts';
import { Routes, type RoutesListener } from '../../src/blade/routes/routes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';

/** By session, its home; the last blade has none, and is told everything. */
const HOMES = [0, 0, 1];
const BLADES = 3;
const LISTENER = 2;
const PREFIXES = 120;
const HISTORIES = 60;
const CHANGES = 150;

/** ORIGIN, AS_PATH of some length, NEXT_HOP. */
function set(length: number): Uint8Array {
  const path = Array.from({ length }, (_, i) => [0, 0, 1, i]).flat();
  return Uint8Array.of(0x40, 1, 1, 0, 0x40, 2, 2 + path.length, 2, length, ...path, 0x40, 3, 4, 192, 0, 2, 1);
}

class Blade {
  readonly fabric: Fabric;
  readonly routes: Routes;
  readonly changed = new Set<number>();
  /** After how many batches the short way had changed something. */
  short = 0;

  constructor(memory: ReturnType<typeof smallMemory>, slot: number) {
    this.fabric = new Fabric(memory, slot, describeFor(65_000));
    this.fabric.sessionLimit = HOMES.length;
    const listener: Partial<RoutesListener> = {
      onBestChanged: (id) => this.changed.add(id),
      onBestsChanged: (ids, count) => {
        for (const id of ids.subarray(0, count)) this.changed.add(id);
      },
    };
    this.routes = new Routes(this.fabric, slot, listener as RoutesListener);
    this.routes.attention.widenToAll();
    for (const [session, home] of HOMES.entries()) {
      if (home !== slot) continue;
      this.fabric.setSession(session, SESSION.flags, SESSION_FLAG.external | SESSION_FLAG.fourOctetAs);
      this.routes.serve(session, true);
    }
  }

  hear(): boolean {
    const before = this.routes.siblings.recordsReceived;
    this.routes.takeRecords(1000, () => false);
    if (this.routes.evaluator.changes > 0) this.short++;
    return this.routes.siblings.recordsReceived > before;
  }

  best(): string[] {
    return Array.from({ length: PREFIXES }, (_, prefix) => {
      const id = this.fabric.prefixes.intern4(prefix << 8, 24);
      return `${this.routes.bestAttribute(id)} of ${this.routes.bestSession(id)}`;
    });
  }
}

test('what siblings tell in floods leaves the best routes that they have, and each change of them is told on', (t) => {
  const memory = smallMemory({ sessions: 4, blades: BLADES, ringRecords: 256 });
  const blades = Array.from({ length: BLADES }, (_, slot) => new Blade(memory, slot));
  const listener = blades[LISTENER] as Blade;
  const random = new Random(5);
  while (blades.map(({ routes }) => routes.attendTo(true, true, LIMITS, 0)).includes(true));
  for (let history = 0; history < HISTORIES; history++) {
    const before = listener.best();
    listener.changed.clear();
    for (let i = 0; i < CHANGES; i++) {
      // Two thirds of the prefixes are the first session's alone.
      const session = random.below(3) === 0 ? random.below(HOMES.length) : 0;
      const prefix = random.below(session === 0 ? PREFIXES : PREFIXES / 3);
      const { fabric, routes } = blades[HOMES[session] as number] as Blade;
      const id = fabric.prefixes.intern4(prefix << 8, 24);
      if (random.below(4) === 0) routes.withdraw(session, id);
      else {
        const octets = set(1 + random.below(4));
        routes.announce(session, id, fabric.attributes.intern(octets, 0, octets.length), ACCEPT_ALL);
      }
    }
    let busy = true;
    while (busy) {
      for (const { routes } of blades) routes.siblings.flush();
      busy = blades.map((blade) => blade.hear()).includes(true);
    }
    const after = listener.best();
    for (const blade of blades) t.deepEqual(blade.best(), after, `history ${history}`);
    for (const [prefix, best] of after.entries())
      if (best !== before[prefix])
        t.true(listener.changed.has(listener.fabric.prefixes.intern4(prefix << 8, 24)));
  }
  t.true(listener.short > HISTORIES / 2, `${listener.short} times by the short way`);
});
