/** A neighbour that says its AS itself, and says it between the beginning of a graft and its end. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { ANY_OTHER_AS } from '../../src/bgp/open.ts';
import { Blade } from '../../src/blade/blade.ts';
import { Session } from '../../src/blade/session/session.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SESSION } from '../../src/fabric/layout.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';
import { plainSession } from './plain-session.ts';

test('what the neighbour said after its next home had prepared for it is known there', (t) => {
  const fabric = new Fabric(smallMemory({ blades: 2, sessions: 1 }), 1, describeFor(65_000));
  const configuration = plainSession(0, { as: ANY_OTHER_AS, rules: { enforceFirstAs: true } });
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
