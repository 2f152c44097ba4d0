/** Withdrawals that are taken together leave what they leave one by one. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { ACCEPT_ALL } from '../../src/blade/policies.ts';
import { Routes, type RoutesListener } from '../../src/blade/routes/routes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION, SESSION_FLAG, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { receivedColumn } from '../../src/rib/received.ts';
import { smallMemory } from '../fabric/support/small.ts';

const SESSIONS = 3;
const PREFIXES = 60;
const HISTORIES = 60;

/** ORIGIN, AS_PATH of some length, NEXT_HOP. */
function set(length: number): Uint8Array {
  const path = Array.from({ length }, (_, i) => [0, 0, 1, i]).flat();
  return Uint8Array.of(0x40, 1, 1, 0, 0x40, 2, 2 + path.length, 2, length, ...path, 0x40, 3, 4, 192, 0, 2, 1);
}

class Router {
  readonly fabric = new Fabric(smallMemory({ sessions: 4, blades: 1 }), 0, describeFor(65_000));
  readonly changed: number[] = [];
  readonly routes: Routes;

  constructor() {
    const listener: Partial<RoutesListener> = {
      onBestChanged: (id) => this.changed.push(id),
      onBestsChanged: (ids, count) => this.changed.push(...ids.subarray(0, count)),
    };
    this.fabric.sessionLimit = SESSIONS;
    this.routes = new Routes(this.fabric, 0, listener as RoutesListener);
    this.routes.attention.widenToAll();
    for (let session = 0; session < SESSIONS; session++) {
      this.fabric.setSession(session, SESSION.flags, SESSION_FLAG.external | SESSION_FLAG.fourOctetAs);
      this.routes.evaluator.serve(session, true);
    }
  }

  id(prefix: number): number {
    const { prefixes } = this.fabric;
    return prefix % 4 === 0
      ? prefixes.intern6(0x20010db8, prefix, 0, 0, 64)
      : prefixes.intern4(prefix << 8, 24);
  }

  announce(session: number, prefix: number, length: number): void {
    const octets = set(length);
    const attribute = this.fabric.attributes.intern(octets, 0, octets.length);
    this.routes.announce(session, this.id(prefix), attribute, ACCEPT_ALL);
  }

  /** All that there is to see. */
  state(): unknown {
    const { fabric, routes } = this;
    const ids = Array.from({ length: PREFIXES }, (_, prefix) => this.id(prefix));
    const sources = Array.from({ length: SESSIONS }, (_, session) => session);
    return {
      best: ids.map((id) => [routes.bestAttribute(id), routes.bestSession(id)]),
      words: sources.map((session) => ids.map((id) => fabric.columns.get(session, id))),
      received: sources.map((session) =>
        ids.map((id) => fabric.columns.get(receivedColumn(fabric, session), id)),
      ),
      counts: sources.map((session) => [
        fabric.number(session, SESSION_NUMBER.routesReceived),
        fabric.number(session, SESSION_NUMBER.routesReceived6),
      ]),
      changed: [...new Set(this.changed)].sort((a, b) => a - b),
    };
  }
}

test('withdrawals that are taken together leave what they leave one by one', (t) => {
  const together = new Router();
  const oneByOne = new Router();
  const random = new Random(11);
  let alone = 0;
  for (let history = 0; history < HISTORIES; history++) {
    // Of many prefixes only the first session has routes.
    for (let i = 0; i < 50; i++) {
      const session = random.below(4) === 0 ? random.below(SESSIONS) : 0;
      const prefix = session === 0 ? random.below(PREFIXES) : random.below(PREFIXES / 3);
      const length = 1 + random.below(4);
      for (const router of [together, oneByOne]) router.announce(session, prefix, length);
    }
    const session = random.below(3) === 0 ? random.below(SESSIONS) : 0;
    const prefixes = Array.from({ length: 30 }, () => random.below(PREFIXES));
    const { routes } = together;
    const ids = Int32Array.from([-1, ...prefixes.map((prefix) => together.id(prefix)), -1]);
    routes.gather();
    routes.withdrawAll(session, ids, ids.length);
    routes.endGathering();
    alone += routes.evaluator.gone;
    for (const prefix of prefixes) oneByOne.routes.withdraw(session, oneByOne.id(prefix));
    t.deepEqual(together.state(), oneByOne.state(), `history ${history}`);
    together.changed.length = oneByOne.changed.length = 0;
  }
  t.true(alone > 200, `${alone} were taken by the short way`);
});
