/** Who we are to each neighbour of a confederation (RFC 5065 4), and where it knows us by another AS still (RFC 7705). */
import test from 'ava';
import { sessionConfiguration } from '../../src/chassis/plan.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseConfiguration } from '../../src/config/parse.ts';

const TEXT = `
router: {as: 65001, id: 192.0.2.1, confederation: {id: 64500, members: [65002]}}
neighbors:
  - {address: 192.0.2.2, as: 65001}
  - {address: 192.0.2.3, as: 65002, import: accept, export: accept}
  - {address: 192.0.2.4, as: 64501, import: accept, export: accept}
  - {address: 192.0.2.5, as: 64501, import: accept, export: accept, local-as: 64999}
`;

test('those outside see the confederation, behind another AS too; members see our member AS', (t) => {
  const { configuration } = parseConfiguration(TEXT, '/etc/g.yaml') as { configuration: Configuration };
  const all = configuration.neighbors.map((neighbor, i) => sessionConfiguration(configuration, neighbor, i));
  t.deepEqual(
    all.map(({ localAs, behindAs, prependAs, rules }) => [localAs, behindAs, prependAs, rules?.confederate]),
    [
      [65001, undefined, undefined, false],
      [65001, undefined, undefined, true],
      [64500, undefined, undefined, false],
      [64999, 64500, 64999, false],
    ],
  );
});
