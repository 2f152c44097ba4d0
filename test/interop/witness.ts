/** What tests ask of neighbours: whether they have a table, and whether they noticed anything meanwhile. */
import type { ExecutionContext } from 'ava';
import { type Daemon, type DaemonKind, sessionAddress } from './daemons/index.ts';
import { Graftd, type GraftdOptions } from './graftd.ts';
import { type Network, openNetwork } from './network.ts';
import { differences, type Family, familyOf, type Route } from './routes.ts';
import { type Patience, until } from './wait.ts';

export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** A network for a test, gone with it; undefined, and the test passed with a word, where a daemon is missing. */
export async function networkFor(
  t: ExecutionContext,
  ...kinds: readonly DaemonKind[]
): Promise<Network | undefined> {
  const network = await openNetwork();
  t.teardown(() => network.close());
  const missing = kinds.map((kind) => kind.missing(network)).filter((reason) => reason !== undefined);
  if (missing.length === 0) return network;
  t.log(`skipped: ${missing.join(', ')}`);
  t.pass();
  return undefined;
}

/** They end with the test. */
export function endWith(t: ExecutionContext, daemons: Iterable<{ stop(): Promise<unknown> }>): void {
  t.teardown(async () => void (await Promise.all([...daemons].map((daemon) => daemon.stop()))));
}

/** Called "graftd", with all its sessions up; it ends with the test. */
export async function startGraftd(
  t: ExecutionContext,
  options: Omit<GraftdOptions, 'name' | 'blades'>,
): Promise<Graftd> {
  const graftd = await Graftd.start({ ...options, name: 'graftd', blades: 2 });
  endWith(t, [graftd]);
  await graftd.allEstablished();
  return graftd;
}

export function ofFamily<T>(table: ReadonlyMap<string, T>, family: Family): Map<string, T> {
  return new Map([...table].filter(([prefix]) => familyOf(prefix) === family));
}

/** Waits until the daemon has, from the router at `host`, this table and nothing else. */
export async function hasTable(
  receiver: Daemon,
  network: Network,
  host: number,
  expected: ReadonlyMap<string, Route>,
  patience: Patience = {},
): Promise<void> {
  const parts = FAMILIES.map((family) => ({
    family,
    neighbor: sessionAddress(network, host, family),
    routes: ofFamily(expected, family),
  }));
  let found: string[] = [];
  await until(
    `${receiver.kind} to have the table`,
    async () => {
      for (const { neighbor } of parts) {
        const count = parts.filter((part) => part.neighbor === neighbor);
        const wanted = count.reduce((sum, { routes }) => sum + routes.size, 0);
        const { prefixesReceived } = await receiver.session(neighbor);
        found = [`${prefixesReceived} of ${wanted} prefixes from ${neighbor}`];
        if (prefixesReceived !== wanted) return false;
      }
      for (const { family, neighbor, routes } of parts) {
        found = differences(routes, await receiver.routes(family, neighbor));
        if (found.length > 0) return false;
      }
      return true;
    },
    patience,
  ).catch((error: Error) => {
    throw new Error([error.message, ...found, receiver.log().slice(-2000)].join('\n'));
  });
}

/** Remembers since when a daemon's sessions are up and how long its log is; later says what disturbed it. */
export class Witness {
  readonly #daemon: Daemon;
  readonly #since: ReadonlyMap<string, number>;
  readonly #logged: number;

  private constructor(daemon: Daemon, since: ReadonlyMap<string, number>) {
    this.#daemon = daemon;
    this.#since = since;
    this.#logged = daemon.log().length;
  }

  static async of(daemon: Daemon, neighbors: readonly string[]): Promise<Witness> {
    const since = new Map<string, number>();
    for (const neighbor of neighbors) since.set(neighbor, (await daemon.session(neighbor)).establishedAt);
    return new Witness(daemon, since);
  }

  /** Sessions that went down or came anew, and lines of the log that tell of trouble; as a rule, none. */
  async disturbances(): Promise<string[]> {
    const found = this.#daemon.troubles(this.#logged);
    for (const [neighbor, since] of this.#since) {
      const { established, state, establishedAt } = await this.#daemon.session(neighbor);
      // Most daemons tell the time to the second only.
      if (!established) found.push(`the session with ${neighbor} is ${state}`);
      else if (!(Math.abs(establishedAt - since) < 1500))
        found.push(`the session with ${neighbor} came anew`);
    }
    return found.map((line) => `${this.#daemon.kind}: ${line}`);
  }
}

/** The addresses under which a daemon knows the router at `host`. */
export const sessionAddresses = (network: Network, host: number): string[] => [
  ...new Set(FAMILIES.map((family) => sessionAddress(network, host, family))),
];
