/** A neighbour that says its AS itself, and says it between the beginning of a graft and its end. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import { ANY_OTHER_AS } from '../../src/bgp/open.ts';
import { Blade } from '../../src/blade/blade.ts';
import type { SessionConfiguration } from '../../src/blade/messages.ts';
import { Session } from '../../src/blade/session.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';

test('what the neighbour said after its next home had prepared for it is known there', (t) => {
  const fabric = new Fabric(smallMemory({ blades: 2, sessions: 1 }), 1, describeFor(65_000));
  const configuration = {
    index: 0,
    address: '127.0.0.1',
    addressWords: [0, 0, 0xffff, 0x7f000001],
    as: ANY_OTHER_AS,
    passive: true,
    families: FAMILY_IPV4,
    importAccept: true,
    exportAccept: true,
    rules: { enforceFirstAs: true },
    holdTime: 0,
    connectRetryTime: 120,
    nextHopSelf: false,
    localAs: 65_000,
    localId: 1,
  } as unknown as SessionConfiguration;
  const clock = (): number => 0;
  const blade = new Blade(fabric, 1, [configuration], clock, new Random(1), () => {});
  const session = new Session(blade, configuration);
  session.prepare();
  const before = session.importRule;
  fabric.setSession(0, SESSION.peerAs, 65_001);
  session.attach();
  t.is(session.configuration.as, 65_001);
  t.not(session.importRule, before);
});
