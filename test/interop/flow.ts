/** A table that flows from one daemon through graftd to another: the daemons, the router between them, and who watches. */
import type { ExecutionContext } from 'ava';
import type { Daemon } from './daemons/daemon.ts';
import { bird, type DaemonKind, sessionsWith } from './daemons/index.ts';
import { Graftd, type GraftdOptions } from './graftd.ts';
import type { Network } from './network.ts';
import { seededTable } from './routes.ts';
import { Sender } from './senders.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

const ROUTER = { host: 10, as: 65000 };
export const SENDER = { host: 1, as: 65001 };
export const RECEIVER = { host: 3, as: 65003 };

export class Flow {
  readonly network: Network;
  readonly sender: Sender;
  readonly receiver: Daemon;
  readonly graftd: Graftd;
  /** Of the daemons' sessions with the router. */
  readonly witnesses: readonly Witness[];

  constructor(
    network: Network,
    sender: Sender,
    receiver: Daemon,
    graftd: Graftd,
    witnesses: readonly Witness[],
  ) {
    this.network = network;
    this.sender = sender;
    this.receiver = receiver;
    this.graftd = graftd;
    this.witnesses = witnesses;
  }

  /** All sessions are up. Undefined, and said so, where a daemon is not installed. */
  static async start(
    t: ExecutionContext,
    sends: DaemonKind,
    receives: DaemonKind,
    options: Pick<GraftdOptions, 'blades' | 'chassis'>,
  ): Promise<Flow | undefined> {
    const network = await networkFor(t, bird, sends, receives);
    if (network === undefined) return undefined;
    const sender = await Sender.start(sends, { network, ...SENDER, router: ROUTER });
    t.teardown(() => sender.stop());
    const neighbors = sessionsWith(network, ROUTER);
    const receiver = await receives.start({ network, name: 'receiver', ...RECEIVER, neighbors });
    t.teardown(() => receiver.stop());
    const graftd = await Graftd.start({
      network,
      name: 'graftd',
      ...ROUTER,
      ...options,
      neighbors: [...sessionsWith(network, SENDER), ...sessionsWith(network, RECEIVER)],
    });
    t.teardown(async () => void (await graftd.stop()));
    await graftd.allEstablished();
    const towardsRouter = sessionAddresses(network, ROUTER.host);
    const witnesses = [
      await Witness.of(sender.daemon, towardsRouter),
      await Witness.of(receiver, towardsRouter),
    ];
    return new Flow(network, sender, receiver, graftd, witnesses);
  }

  /** Announces so many prefixes of each family; some are withdrawn and some replaced while the rest is still on its way. */
  async run(count: number, changed: number, seed: number): Promise<void> {
    const tables = FAMILIES.map((family, i) => seededTable(family, count, seed + i));
    await this.sender.announce(tables.flat());
    await this.sender.withdraw(
      tables.flatMap((table) => table.slice(0, changed).map(({ prefix }) => prefix)),
    );
    const others = FAMILIES.map((family, i) => seededTable(family, 2 * changed, seed + 100 + i));
    await this.sender.announce(others.flatMap((table) => table.slice(changed)));
  }

  /** The receiver has exactly what the sender tells. */
  async arrives(): Promise<void> {
    const expected = this.sender.expected(this.graftd);
    await hasTable(this.receiver, this.network, ROUTER.host, expected, { seconds: 60, every: 200 });
  }
}
