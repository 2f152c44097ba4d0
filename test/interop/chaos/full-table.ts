/**
 * A full table beside the daemons of a chaos: one neighbour tells it and keeps changing and undoing a part of it, another one is told all
 * of it, and the daemons none. At rest the witness has what it had at the beginning.
 */
import { parse } from 'yaml';
import { churnFeed } from '../../../src/lab/changes.ts';
import { encodeFeed } from '../../../src/lab/feed.ts';
import { generateTable } from '../../../src/lab/internet.ts';
import { routesFor } from '../../../src/lab/neighbour.ts';
import { type RemoteSpeaker, SpeakerThread } from '../../../src/lab/thread.ts';
import { compareTold, type ToldSnapshot } from '../../../src/lab/told.ts';
import type { GraftdNeighbor } from '../graftd.ts';
import type { Network } from '../network.ts';
import { until } from '../wait.ts';

const TELLER = { host: 20, as: 65_020 };
const WITNESS = { host: 21, as: 65_021 };
/** UPDATEs a second. */
const CHANGES = 2000;

/** What the configuration says of it: what the daemons announce is not in the table. */
export function fullTableSections(network: Network): Readonly<Record<string, unknown>> {
  const teller = network.endpoint(TELLER.host).address;
  return parse(`
prefix-sets: { daemons: [20.0.0.0/8+] }
policies:
  from-the-teller: [{ if: { prefix: daemons }, then: reject }, { then: accept }]
  to-the-witness: [{ if: { learned-from: ${teller} }, then: accept }]
  to-daemons: [{ if: { learned-from: ${teller} }, then: reject }, { then: accept }]
`) as Readonly<Record<string, unknown>>;
}

export function fullTableNeighbors(network: Network): GraftdNeighbor[] {
  const neighbor = ({ host, as }: typeof TELLER) => ({
    ...network.endpoint(host),
    as,
    passive: true,
    families: ['ipv4'] as const,
  });
  return [
    { ...neighbor(TELLER), import: 'from-the-teller', keys: { export: 'to-daemons' } },
    { ...neighbor(WITNESS), keys: { export: 'to-the-witness' } },
  ];
}

export class FullTable {
  readonly #thread: SpeakerThread;
  readonly #teller: RemoteSpeaker;
  readonly #witness: RemoteSpeaker;
  #before: ToldSnapshot | undefined;
  #churn: Promise<void> = Promise.resolve();

  private constructor(thread: SpeakerThread, teller: RemoteSpeaker, witness: RemoteSpeaker) {
    this.#thread = thread;
    this.#teller = teller;
    this.#witness = witness;
  }

  /** Both call the router at this host. */
  static async open(network: Network, router: number): Promise<FullTable> {
    const thread = new SpeakerThread();
    const { address: host, port } = network.endpoint(router);
    const speaker = async (who: typeof TELLER): Promise<RemoteSpeaker> => {
      const { address } = network.endpoint(who.host);
      const routerId = `10.0.0.${who.host}`;
      return thread.add({ localAs: who.as, routerId, localAddress: address, connect: { host, port } });
    };
    return new FullTable(thread, await speaker(TELLER), await speaker(WITNESS));
  }

  /** Tells all of it, and then begins to change it without end. */
  async begin(network: Network, prefixes: number, seed: number): Promise<void> {
    await Promise.all([this.#teller.up(60_000), this.#witness.up(60_000)]);
    const table = generateTable({ seed, ipv4: prefixes, ipv6: 0 });
    const nextHop = network.endpoint(TELLER.host).address;
    const routes = routesFor(table, { neighborAs: TELLER.as, nextHop, seed });
    await this.#teller.send(encodeFeed(routes, { seed }));
    await this.#witness.quiet(2000);
    this.#before = (await this.#witness.table()).v4;
    const churn = churnFeed(routes, { seed, changes: 20_000, as: TELLER.as, distance: 500 });
    this.#churn = this.#teller.send(churn, { loop: true, rate: CHANGES });
  }

  get prefixes(): number {
    return this.#before?.count ?? 0;
  }

  /** Ends the changes; what is wrong then. */
  async troubles(): Promise<string[]> {
    await this.#teller.stopLoops();
    await this.#churn;
    const before = this.#before as ToldSnapshot;
    let found = '';
    await until(
      'the witness to have the whole table',
      async () => {
        const { onlyA, onlyB, differing } = compareTold((await this.#witness.table()).v4, before);
        found = `${onlyA} too many, ${onlyB} missing, ${differing} wrong`;
        return onlyA + onlyB + differing === 0;
      },
      { seconds: 120, every: 1000 },
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${found}`);
    });
    const troubles: string[] = [];
    for (const [name, speaker] of [
      ['teller', this.#teller],
      ['witness', this.#witness],
    ] as const) {
      const { resets, notifications, malformed, lastDown } = await speaker.stats();
      if (resets + notifications + malformed > 0)
        troubles.push(
          `${name}: ${resets} resets, ${notifications} NOTIFICATIONs, ${malformed} malformed: ${lastDown}`,
        );
    }
    return troubles;
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
