/**
 * What two routers agree on for a session, with the daemons' own words as the witness: TCP MD5 and GTSM, on connections of either
 * side's making, over IPv4 and IPv6; extended messages; refreshes both ways; and the text of a shutdown both ways.
 */
import { protectionTrouble } from '../../src/base/socket-options.ts';
import type { SessionDetail } from '../../src/chassis/operations.ts';
import { lanes } from '../support/lanes.ts';
import { bird, type DaemonKind, exabgp, frr, gobgp, openbgpd, sessionsWith } from './daemons/index.ts';
import { Graftd, type GraftdNeighbor } from './graftd.ts';
import { type Announcement, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, networkFor, sessionAddresses } from './witness.ts';

const test = lanes(3);

const COUNT = 100;
const ROUTER = { host: 10, as: 65000 };
const PEER = { host: 1, as: 65001 };
const PASSWORD = 'graftd-and-friends';

/** What the daemon can do, and its words. */
interface Words {
  readonly kind: DaemonKind;
  readonly agreed: readonly string[];
  /** Capabilities that it is not offered. */
  readonly without?: readonly string[];
  /** It takes signed calls. */
  readonly listens: boolean;
  /** Asks for all routes again; not all have a word for it. */
  readonly refresh?: (neighbor: string) => string[];
  readonly shutdown: (neighbor: string, why: string) => string[];
  readonly show: (neighbor: string) => string[];
  /** What that says of a session as it should be, and of one that was shut by us. */
  readonly up: readonly RegExp[];
  readonly down: RegExp;
  /** It counts our question for its routes, and repeats none that it has told. */
  readonly counts?: RegExp;
}

const PLAIN = ['4-octet AS', 'route refresh'];
const ALL = [...PLAIN, 'enhanced route refresh', 'extended messages'];
const WHY = 'window 7';

// In order, as its neighbours are.
const birdName = (neighbor: string): string => (neighbor.includes(':') ? 'n1' : 'n0');
const frrRouter = ['configure terminal', `router bgp ${PEER.as}`];

const WORDS: readonly Words[] = [
  {
    kind: bird,
    agreed: ALL,
    listens: true,
    refresh: (neighbor) => [`reload in ${birdName(neighbor)}`],
    shutdown: (neighbor, why) => [`disable ${birdName(neighbor)} "${why}"`],
    show: (neighbor) => [`show protocols all ${birdName(neighbor)}`],
    up: [/Neighbor capabilities.*Extended message.*Enhanced refresh/s],
    down: /Message: +window 7\n.*Received: Administrative shutdown/s,
  },
  {
    kind: frr,
    agreed: ALL,
    listens: true,
    refresh: (neighbor) => [`clear bgp ${neighbor} soft in`],
    shutdown: (neighbor, why) => [...frrRouter, `neighbor ${neighbor} shutdown message ${why}`, 'end'],
    show: (neighbor) => [`show bgp neighbors ${neighbor}`],
    up: [
      /Extended Message: advertised and received/,
      /Enhanced Route Refresh: advertised and received/,
      /Peer Authentication Enabled/,
      /may be up to 1 hops away/,
    ],
    down: /Notification received \(Cease\/Administrative Shutdown\)/,
  },
  {
    kind: gobgp,
    agreed: PLAIN,
    listens: true,
    shutdown: (neighbor, why) => [`neighbor ${neighbor} disable ${why}`],
    show: (neighbor) => [`neighbor ${neighbor}`],
    up: [/route-refresh:\s+advertised and received/],
    down: /BGP state = (IDLE|ACTIVE)/,
  },
  {
    // Its version for other systems signs its own calls only.
    kind: openbgpd,
    agreed: PLAIN,
    listens: false,
    refresh: (neighbor) => [`neighbor ${neighbor} refresh`],
    shutdown: (neighbor, why) => [`neighbor ${neighbor} down ${why}`],
    show: (neighbor) => [`show neighbor ${neighbor}`],
    up: [/Established/],
    down: /window 7/,
    counts: /Request +\d+ +1\n/,
  },
  {
    kind: exabgp,
    // It ends the session where it should answer an enhanced refresh.
    without: ['enhanced-route-refresh'],
    agreed: [...PLAIN, 'extended messages'],
    listens: false,
    refresh: (neighbor) => [
      `neighbor ${neighbor} announce route-refresh ${neighbor.includes(':') ? 'ipv6' : 'ipv4'} unicast`,
    ],
    // It has no words for it.
    shutdown: (neighbor) => [`neighbor ${neighbor} teardown 2`],
    show: () => [],
    up: [/"state": "up"/],
    // A text of a shutdown is more than it can decode.
    down: /can not decode update message of type/,
  },
];

const routes: Announcement[] = FAMILIES.flatMap((family) =>
  Array.from({ length: COUNT }, (_, i) => ({ prefix: prefixAt(family, i) })),
);

for (const { kind, ...words } of WORDS) {
  test(`${kind.kind} and graftd agree on what protects a session, and on what ends it`, async (t) => {
    const network = await networkFor(t, kind);
    if (network === undefined) return;
    const trouble = protectionTrouble([{ password: PASSWORD, hops: 1 }]);
    if (trouble !== undefined) {
      t.log(`skipped: ${trouble}`);
      t.pass();
      return;
    }
    const waits = (address: string): boolean => words.listens && !address.includes(':');
    const neighbors = sessionsWith(network, ROUTER).map((session) => ({
      ...session,
      ...{ password: PASSWORD, near: true, extended: true, passive: waits(session.address) },
    }));
    const daemon = await kind.start({ network, name: 'peer', ...PEER, neighbors, originate: routes });
    t.teardown(() => daemon.stop());
    const peers = sessionsWith(network, PEER).map((session) => ({
      ...session,
      ...{ password: PASSWORD, 'ttl-security': 1, 'extended-messages': true },
      passive: !waits(session.address),
      ...(words.without === undefined ? {} : { keys: { 'without-capabilities': words.without } }),
    }));
    const graftd = await Graftd.start({ network, name: 'graftd', ...ROUTER, blades: 2, neighbors: peers });
    t.teardown(async () => void (await graftd.stop()));
    await graftd.allEstablished();
    const detail = (neighbor: string): Promise<SessionDetail> =>
      graftd.client.call<SessionDetail>('show session', { neighbor });
    const sessions = sessionAddresses(network, ROUTER.host).map((ours, i) => ({
      ours,
      theirs: (peers[i] as GraftdNeighbor).address,
      routes: COUNT * (peers[i] as GraftdNeighbor).families.length,
    }));

    for (const { ours, theirs, routes: count } of sessions) {
      await until('all routes', async () => (await detail(theirs)).routesReceived === count);
      const { agreed, protection } = await detail(theirs);
      t.deepEqual(agreed, words.agreed);
      t.deepEqual(protection, ['TCP MD5', 'TTL security, 1 hop']);
      const shown = await daemon.ask(...words.show(ours));
      for (const pattern of words.up) t.regex(shown, pattern);
    }

    for (const { ours, theirs, routes: count } of sessions) {
      if (words.refresh !== undefined) {
        await daemon.ask(...words.refresh(ours));
        await until('its question', async () => (await detail(theirs)).messagesReceived?.refreshes === 1);
      }
      const before = (await detail(theirs)).updatesReceived;
      await graftd.client.call('refresh', { neighbor: theirs });
      await until('the answer', async () =>
        words.counts === undefined
          ? (await detail(theirs)).updatesReceived > before
          : words.counts.test(await daemon.ask(...words.show(ours))),
      );
      await until('nothing to be stale', async () => (await detail(theirs)).stale === undefined);
      await until('all to be there', async () => (await detail(theirs)).routesReceived === count);
    }

    const [first, last] = [sessions[0], sessions.at(-1)] as [(typeof sessions)[0], (typeof sessions)[0]];
    await graftd.client.call('shutdown', { neighbor: first.theirs, why: WHY });
    await until('it to be heard', async () => words.down.test(await daemon.ask(...words.show(first.ours))));
    if (first === last) await graftd.client.call('enable', { neighbor: first.theirs });
    await until('the other one', async () => (await detail(last.theirs)).state === 'Established');
    await daemon.ask(...words.shutdown(last.ours, 'lunch'));
    const heard = /the neighbour sent Cease\/(Hard Reset: Cease\/)?Administrative Shutdown/;
    await until('what it says', async () => heard.test((await detail(last.theirs)).reason ?? ''));
    // GoBGP's client takes the text and leaves it out.
    if (kind !== gobgp && kind !== exabgp) t.regex((await detail(last.theirs)).reason ?? '', /: lunch$/);
  });
}
