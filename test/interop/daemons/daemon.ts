/**
 * What the tests ask of a BGP daemon, whichever it is. A driver (bird.ts, frr.ts, gobgp.ts, openbgpd.ts)
 * writes the daemon's configuration, runs it unprivileged where it can, without touching the kernel's
 * routes, and reads its own `show` output. Policies are open: it accepts all, and announces what it
 * originates and what it learned.
 */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { Network } from '../network.ts';
import type { Announcement, Family, Route } from '../routes.ts';

export interface NeighborOptions {
  address: string;
  port: number;
  as: number;
  /** The address is link-local on this interface. */
  interface?: string;
  /** Wait for the neighbour to connect; otherwise both sides try. */
  passive?: boolean;
  families: readonly Family[];
  /** What else is to be said of it, in the daemon's own language; for each family where it has that. */
  lines?: readonly string[];
  familyLines?: readonly string[];
  /** TCP MD5 (RFC 2385). */
  password?: string;
  /** GTSM, one hop (RFC 5082). */
  near?: boolean;
  /** RFC 8654, where the daemon has to be told. */
  extended?: boolean;
}

export interface DaemonOptions {
  network: Network;
  /** Also its folder below the network's, so unique in it. */
  name: string;
  /** Its number in the network, from which its addresses and its port come. */
  host: number;
  as: number;
  neighbors: readonly NeighborOptions[];
  originate?: readonly Announcement[];
  /** What else is to be said of the router itself, in FRR's language or in GoBGP's. */
  routerLines?: readonly string[];
  /** It restarts gracefully, and helps others to (RFC 4724); so it may be started again with the same options. */
  graceful?: boolean;
  /** IPv4 routes may have IPv6 next hops (RFC 8950). */
  extendedNextHop?: boolean;
  /** FRR: it is to know the kernel's interfaces, by its zebra; in a namespace of its own only. */
  zebra?: boolean;
  /** Seconds that its restart may take, 60 without; and for which its routes may be kept after that (RFC 9494). */
  restartTime?: number;
  longLived?: number;
}

export interface SessionView {
  established: boolean;
  /** In the daemon's words. */
  state: string;
  /** Milliseconds since 1970, as exact as the daemon tells it (a second for most); NaN while down. */
  establishedAt: number;
  /** UPDATE messages; BIRD counts the routes in them. */
  updatesReceived: number;
  updatesSent: number;
  /** Over all families. */
  prefixesReceived: number;
}

export interface Daemon {
  readonly kind: string;
  readonly as: number;
  /** The next hop that its announcements carry. */
  nextHop(family: Family): string;
  session(neighbor: string): Promise<SessionView>;
  /** Everything that it has from this neighbour, as received. */
  routes(family: Family, neighbor: string): Promise<Map<string, Route>>;
  announce(routes: readonly Announcement[]): Promise<void>;
  withdraw(prefixes: readonly string[]): Promise<void>;
  /** What an operator types: the daemon's own words, and its answer. */
  ask(...commands: string[]): Promise<string>;
  log(): string;
  /** The lines of the log from character `from` on that tell of something wrong. */
  troubles(from?: number): string[];
  stop(): Promise<void>;
  /** Without a word to anybody. */
  crash(): Promise<void>;
}

export interface DaemonKind {
  readonly kind: string;
  /** Whether its `announce` can set any AS_PATH behind its own AS. */
  readonly freePaths: boolean;
  /** Why it cannot run here, in words for t.log; undefined when it can. */
  missing(network: Network): string | undefined;
  start(options: DaemonOptions): Promise<Daemon>;
}

/** The first of these programs that is there and can be run. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/usr/local/sbin');
  const files = names.flatMap((name) =>
    name.startsWith('/') ? [name] : folders.map((folder) => path.join(folder, name)),
  );
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Over which IP version a neighbour is reached. */
export const transportOf = (neighbor: { address: string }): 4 | 6 => (neighbor.address.includes(':') ? 6 : 4);

/** The next hop of IPv6 routes: the daemon's own address where it has one, one of documentation otherwise. */
export function ipv6NextHop({ network, host }: DaemonOptions): string {
  return network.kind === 'namespace'
    ? network.endpoint(host, 6).address
    : `2001:db8:77::${host.toString(16)}`;
}

/** BGP Identifiers are IPv4 addresses; every host has one of its own. */
export const routerId = ({ network, host }: DaemonOptions): string => network.endpoint(host, 4).address;

/**
 * How one talks with the router at this host: a session for each family over its own IP version, as most
 * operators have them; on plain loopback, where IPv6 has one address only, one for both.
 */
export function sessionsWith(
  network: Network,
  { host, as }: { host: number; as: number },
): NeighborOptions[] {
  if (network.kind === 'loopback') return [{ ...network.endpoint(host, 4), as, families: ['ipv4', 'ipv6'] }];
  return [
    { ...network.endpoint(host, 4), as, families: ['ipv4'] },
    { ...network.endpoint(host, 6), as, families: ['ipv6'] },
  ];
}

/** The address of the session that carries this family, as sessionsWith() makes them. */
export function sessionAddress(network: Network, host: number, family: Family): string {
  return network.endpoint(host, family === 'ipv6' && network.kind === 'namespace' ? 6 : 4).address;
}
