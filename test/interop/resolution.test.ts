/**
 * Next hops through the kernel's routes (RFC 4271 9.1.2.1, 9.1.2.2 e): two BIRDs inside the AS announce the same, and what
 * the kernel says of the way to each decides, while the routes come and go.
 */
import { execFileSync } from 'node:child_process';
import test from 'ava';
import { bird } from './daemons/index.ts';
import { until } from './wait.ts';
import { endWith, networkFor, startGraftd } from './witness.ts';

const AS = 65_000;
const ROUTER = 10;
const PREFIX = '10.9.0.0/24';
/** Not the neighbours' own addresses: what the kernel says of these changes. */
const HOPS = ['', '192.0.2.1', '192.0.2.2'];

test('the kernel says which next hops are reached, and which one is nearer', async (t) => {
  const network = await networkFor(t, bird);
  if (network === undefined) return;
  if (network.kind !== 'namespace') {
    t.log('skipped: no namespaces, and so no routes of our own in the kernel');
    t.pass();
    return;
  }
  const ip = (...words: string[]): void => {
    const [program, ...rest] = [...network.prefix, 'ip', 'route', ...words] as [string, ...string[]];
    execFileSync(program, rest);
  };
  const [one, two] = [network.endpoint(1, 4), network.endpoint(2, 4)];
  const router = network.endpoint(ROUTER, 4);
  const outside = await bird.start({
    network,
    name: 'outside',
    host: 3,
    as: 65_003,
    neighbors: [{ ...router, as: AS, families: ['ipv4'], passive: true }],
  });
  const birds = await Promise.all(
    [1, 2].map((host) =>
      bird.start({
        network,
        name: `bird${host}`,
        host,
        as: AS,
        neighbors: [
          {
            ...router,
            as: AS,
            families: ['ipv4'],
            passive: true,
            familyLines: [`next hop address ${HOPS[host]};`],
          },
        ],
        originate: [{ prefix: PREFIX, asPath: [64_500 + host] }],
      }),
    ),
  );
  endWith(t, [outside, ...birds]);
  await startGraftd(t, {
    network,
    host: ROUTER,
    as: AS,
    router: { 'next-hops': { kernel: true } },
    neighbors: [
      { ...one, as: AS, families: ['ipv4'], blade: 0 },
      { ...two, as: AS, families: ['ipv4'], blade: 1 },
      { ...network.endpoint(3, 4), as: 65_003, families: ['ipv4'] },
    ],
  });
  /** What is told outside is the witness. */
  const told = (path: string | undefined) =>
    until(`${path} to be told`, async () => {
      const route = (await outside.routes('ipv4', router.address)).get(PREFIX);
      return route?.asPath === path;
    });
  await told(undefined);
  ip('add', `${HOPS[2]}/32`, 'dev', 'lo', 'metric', '20');
  await told('65000 64502');
  ip('add', `${HOPS[1]}/32`, 'dev', 'lo', 'metric', '10');
  await told('65000 64501');
  ip('del', `${HOPS[1]}/32`, 'metric', '10');
  await told('65000 64502');
  ip('add', `${HOPS[1]}/32`, 'dev', 'lo', 'metric', '30');
  ip('add', 'unreachable', `${HOPS[2]}/32`, 'metric', '5');
  ip('del', `${HOPS[2]}/32`, 'dev', 'lo', 'metric', '20');
  await told('65000 64501');
  ip('del', `${HOPS[1]}/32`, 'metric', '30');
  await told(undefined);
  t.pass();
});
