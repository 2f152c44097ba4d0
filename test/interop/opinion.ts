/** The same feeds to graftd and to a BIRD that decides alike, and where the two part. */
import type { ExecutionContext } from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import type { MrtFeed } from '../../src/lab/mrt-feeds.ts';
import { Speaker } from '../../src/lab/speaker.ts';
import { Bird } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import type { Endpoint, Network } from './network.ts';
import type { Route } from './routes.ts';

export const AS = 65000;
export const ROUTER = { host: 1, as: AS };
export const OPINION = { host: 2, as: AS };
/** Host number of the first neighbour, and how many there are at most. */
export const FIRST = 11;
export const PEERS = 30;

export const addressOf = (network: Network, peer: number) => network.endpoint(FIRST + peer).address;

function speakersTowards(network: Network, router: Endpoint, feeds: readonly MrtFeed[]): Speaker[] {
  return feeds.map(({ as }, peer) => {
    const localAddress = addressOf(network, peer);
    const connect = { host: router.address, port: router.port };
    const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
    return new Speaker({
      localAs: as,
      remoteAs: AS,
      routerId: localAddress,
      localAddress,
      connect,
      families,
    });
  });
}

export interface Two {
  readonly graftd: Graftd;
  readonly opinion: Bird;
  readonly toGraftd: readonly Speaker[];
  readonly toBird: readonly Speaker[];
}

/** graftd on four blades and BIRD, each with speakers of its own for the neighbours that these feeds come from. */
export async function startTwo(
  t: ExecutionContext,
  network: Network,
  feeds: readonly MrtFeed[],
): Promise<Two> {
  const neighbors = feeds.map(({ as }, peer) => ({
    address: addressOf(network, peer),
    port: 179,
    as,
    passive: true,
    families: ['ipv4', 'ipv6'] as const,
  }));
  const opinion = new Bird({ network, name: 'bird', ...OPINION, neighbors });
  await opinion.start();
  t.teardown(() => opinion.stop());
  const graftd = await Graftd.start({ network, name: 'graftd', ...ROUTER, blades: 4, neighbors });
  t.teardown(async () => void (await graftd.stop()));
  const toGraftd = speakersTowards(network, network.endpoint(ROUTER.host), feeds);
  const toBird = speakersTowards(network, network.endpoint(OPINION.host), feeds);
  t.teardown(
    async () => void (await Promise.all([...toGraftd, ...toBird].map((speaker) => speaker.close()))),
  );
  return { graftd, opinion, toGraftd, toBird };
}

export async function sendAll(speakers: readonly Speaker[], feeds: readonly MrtFeed[]): Promise<void> {
  await Promise.all(speakers.map((speaker) => speaker.start()));
  await Promise.all(speakers.map((speaker) => speaker.up(20_000)));
  await Promise.all(speakers.map((speaker, i) => speaker.send(feeds[i]!.feed)));
}

/** Until the router has told all of them all that it has to say. */
export async function settled(speakers: readonly Speaker[]): Promise<void> {
  await Promise.all(speakers.map((speaker) => speaker.quiet(800)));
}

/** A route as both tell it: what was chosen, by what tells the candidates apart. */
const choice = (route: { asPath: string; nextHop: string } | undefined) =>
  route === undefined ? 'none' : `[${route.asPath.replace(/\{([^}]*)\}/g, normalSet)}] via ${route.nextHop}`;

const normalSet = (_: string, members: string) => `{${members.trim().split(/[ ,]+/).sort().join(',')}}`;

export function disagreements(
  ours: ReadonlyMap<string, RouteRow>,
  theirs: ReadonlyMap<string, Route>,
): string[] {
  const prefixes = new Set([...ours.keys(), ...theirs.keys()]);
  return [...prefixes]
    .filter((prefix) => choice(ours.get(prefix)) !== choice(theirs.get(prefix)))
    .map((prefix) => `${prefix}: graftd ${choice(ours.get(prefix))}, BIRD ${choice(theirs.get(prefix))}`);
}
