/**
 * Daemons as senders of whole tables. BIRD originates what it is told. FRR and GoBGP take minutes to originate
 * a hundred thousand routes, but pass them on quickly: behind them stands a BIRD of another AS, the feeder,
 * and the daemon under test is its transit provider, as is usual.
 */
import { bird, type Daemon, type DaemonKind, sessionsWith } from './daemons/index.ts';
import type { Network } from './network.ts';
import { type Announcement, asReceived, type Family, type Route } from './routes.ts';

const FEEDER_AS = 65100;

export class Sender {
  /** The daemon that has the session with the router under test. */
  readonly daemon: Daemon;
  readonly #source: Daemon;
  readonly #announced = new Map<string, Announcement>();

  private constructor(daemon: Daemon, source: Daemon) {
    this.daemon = daemon;
    this.#source = source;
  }

  /** Takes two host numbers, `host` and the next one. */
  static async start(
    kind: DaemonKind,
    options: { network: Network; host: number; as: number; router: { host: number; as: number } },
  ): Promise<Sender> {
    const { network, host, as, router } = options;
    const name = `${kind.kind}-sends`;
    const neighbors = sessionsWith(network, router);
    if (kind === bird) {
      const daemon = await kind.start({ network, name, host, as, neighbors });
      return new Sender(daemon, daemon);
    }
    const feeder = { host: host + 1, as: FEEDER_AS };
    // The feeder calls: two calls that meet would stand in the daemon's log as trouble.
    const fed = sessionsWith(network, feeder).map((session) => ({ ...session, passive: true }));
    const own = { network, name, host, as, neighbors: [...neighbors, ...fed] };
    const feeds = {
      network,
      name: `${name}-feeder`,
      ...feeder,
      neighbors: sessionsWith(network, { host, as }),
    };
    const [daemon, source] = await Promise.all([kind.start(own), bird.start(feeds)]);
    return new Sender(daemon, source);
  }

  get announced(): ReadonlyMap<string, Announcement> {
    return this.#announced;
  }

  async announce(routes: readonly Announcement[]): Promise<void> {
    for (const route of routes) this.#announced.set(route.prefix, route);
    await this.#source.announce(routes);
  }

  async withdraw(prefixes: readonly string[]): Promise<void> {
    for (const prefix of prefixes) this.#announced.delete(prefix);
    await this.#source.withdraw(prefixes);
  }

  /**
   * What a neighbour of the router under test has to receive while this is the only sender. MULTI_EXIT_DISC
   * ends at the router (RFC 4271 5.1.4).
   */
  expected(router: { as: number; nextHop(family: Family): string }): Map<string, Route> {
    const before = this.daemon === this.#source ? [this.daemon.as] : [this.daemon.as, FEEDER_AS];
    const passedOn = [...this.#announced.values()].map(({ med: _, asPath = [], ...route }) => ({
      ...route,
      asPath: [...before, ...asPath],
    }));
    return asReceived(passedOn, router);
  }

  async stop(): Promise<void> {
    await Promise.all([...new Set([this.daemon, this.#source])].map((daemon) => daemon.stop()));
  }
}
