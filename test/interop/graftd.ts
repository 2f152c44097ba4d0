/**
 * graftd itself as a child process, as a user runs it: a configuration file, `chassis run`, the control socket
 * with JSON, SIGTERM at the end and exit status 0.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { ControlClient } from '../../src/chassis/control/client.ts';
import type { GraftReport, RouteRow, SessionRow } from '../../src/chassis/operations.ts';
import { Child } from './child.ts';
import type { Network } from './network.ts';
import type { Family } from './routes.ts';
import { Hopeless, until } from './wait.ts';

const PROGRAM = path.resolve('dist', 'src', 'cli', 'main.js');

/** Next hops on plain loopback, where graftd's own address is in 127/8 and nobody takes that. */
const NEXT_HOP = { 'next-hop-ipv4': '192.0.2.77', 'next-hop-ipv6': '2001:db8:77::77' };

export interface GraftdNeighbor {
  address: string;
  port: number;
  as: number;
  passive?: boolean;
  families: readonly Family[];
  blade?: number;
  /** As the configuration has it. */
  'graceful-restart'?: 'helper' | 'full' | 'off';
  password?: string;
  'ttl-security'?: number;
  'extended-messages'?: boolean;
  'long-lived-stale-time'?: number;
  'extended-next-hop'?: boolean;
  import?: string;
  /** Other keys. */
  keys?: Readonly<Record<string, unknown>>;
}

export interface GraftdOptions {
  network: Network;
  name: string;
  host: number;
  as: number;
  blades: number;
  /** Other keys of the router section. */
  router?: Readonly<Record<string, unknown>>;
  /** Other keys of the chassis section. */
  chassis?: Readonly<Record<string, unknown>>;
  neighbors: readonly GraftdNeighbor[];
  /** Other sections. */
  sections?: Readonly<Record<string, unknown>>;
}

function configuration(options: GraftdOptions): string {
  const { network, host, as, blades, router, chassis, neighbors, sections } = options;
  const listen = ([4, 6] as const).map((transport) => {
    const { address, port } = network.endpoint(host, transport);
    return transport === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  });
  return stringify({
    router: { as, id: network.endpoint(host, 4).address, listen, ...router },
    chassis: { blades, rehearse: false, control: './ctl', state: './state.db', ...chassis },
    neighbors: neighbors.map(({ families, keys, ...neighbor }) => ({
      ...neighbor,
      ...keys,
      'local-address': network.endpoint(host, neighbor.address.includes(':') ? 6 : 4).address,
      families: families.map((family) => `${family}-unicast`),
      'connect-retry-time': 1,
      ...(network.kind === 'loopback' ? NEXT_HOP : {}),
      import: neighbor.import ?? 'accept',
      export: keys?.['export'] ?? 'accept',
    })),
    ...sections,
  });
}

const controlOf = ({ network, name }: GraftdOptions) => path.join(network.folder, name, 'ctl');

export class Graftd {
  readonly as: number;
  readonly blades: number;
  readonly client: ControlClient;
  readonly #options: GraftdOptions;
  readonly #child: Child;
  readonly #others: ControlClient[] = [];

  private constructor(options: GraftdOptions, child: Child, client: ControlClient) {
    this.#options = options;
    this.as = options.as;
    this.blades = options.blades;
    this.#child = child;
    this.client = client;
  }

  static async start(options: GraftdOptions): Promise<Graftd> {
    const folder = path.join(options.network.folder, options.name);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, 'graftd.yaml');
    writeFileSync(file, configuration(options));
    const logFile = path.join(folder, 'log');
    const { network } = options;
    // Of a run before this one.
    rmSync(logFile, { force: true });
    const child = new Child([process.execPath, PROGRAM, 'run', file], { network, logFile, cwd: folder });
    await until('graftd to say that it is ready', () => {
      if (child.status !== undefined) throw new Hopeless(`graftd ended: ${child.log()}`);
      return /\bready\b/.test(child.log());
    });
    return new Graftd(options, child, await ControlClient.connect(controlOf(options)));
  }

  /** A further control connection: one answers one request after the other. */
  async connect(): Promise<ControlClient> {
    const client = await ControlClient.connect(controlOf(this.#options));
    this.#others.push(client);
    return client;
  }

  /** The next hop that neighbours get from it. */
  nextHop(family: Family): string {
    const { network, host } = this.#options;
    if (network.kind === 'loopback') return NEXT_HOP[`next-hop-${family}`];
    return network.endpoint(host, family === 'ipv4' ? 4 : 6).address;
  }

  /** The neighbours, by address. */
  get neighbors(): string[] {
    return this.#options.neighbors.map(({ address }) => address);
  }

  sessions(): Promise<SessionRow[]> {
    return this.client.call<SessionRow[]>('show sessions');
  }

  async session(neighbor: string): Promise<SessionRow> {
    return (await this.sessions()).find((row) => row.neighbor === neighbor)!;
  }

  /** Its best routes: prefix to the row. */
  async bestRoutes(family: Family): Promise<Map<string, RouteRow>> {
    const best = new Map<string, RouteRow>();
    const filter = { best: true, family: `${family}-unicast` };
    for await (const rows of this.client.stream<RouteRow>('show routes', filter))
      for (const row of rows) best.set(row.prefix, row);
    return best;
  }

  async allEstablished(): Promise<void> {
    await until('all of graftd’s sessions to be established', async () =>
      (await this.sessions()).every(({ state }) => state === 'Established'),
    ).catch(async (error: Error) => {
      const states = (await this.sessions()).map((row) => `${row.neighbor} ${row.state} ${row.reason ?? ''}`);
      throw new Error([error.message, ...states, this.log()].join('\n'));
    });
  }

  log(): string {
    return this.#child.log();
  }

  /** Writes the configuration with other keys for some neighbours, by address, or of the router; `reload` is to be called for it. */
  rewrite(
    changes: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const neighbors = this.#options.neighbors.map((each) => ({ ...each, ...changes.get(each.address) }));
    const { network, name } = this.#options;
    writeFileSync(
      path.join(network.folder, name, 'graftd.yaml'),
      configuration({ ...this.#options, router: { ...this.#options.router, ...more }, neighbors }),
    );
  }

  /** Without a word to anybody; it can be started again with the same options. */
  async crash(): Promise<void> {
    for (const client of [this.client, ...this.#others]) client.close();
    await this.#child.crash();
  }

  /** Ends it as an operator does; the status has to be 0. */
  async stop(): Promise<number | string> {
    for (const client of [this.client, ...this.#others]) client.close();
    return await this.#child.stop(10_000);
  }
}

/** More undone grafts than this, and something is wrong besides a busy machine. */
export const UNDONE_AT_MOST = 3;

export interface GraftTally {
  grafts: number;
  /** Grafts that were undone because a blade was too busy, which graftd may do, with the session alive. */
  undone: string[];
  /** Grafts that were answered with any other error. */
  failed: string[];
  longestPauseMicroseconds: number;
}

/**
 * Moves the given sessions from blade to blade without end, one graft every few milliseconds, over one control
 * connection, until it is stopped.
 */
export class GraftLoop {
  readonly #graftd: Graftd;
  readonly #tally: GraftTally = { grafts: 0, undone: [], failed: [], longestPauseMicroseconds: 0 };
  readonly #done: Promise<void>;
  #stopping = false;

  constructor(graftd: Graftd, neighbors: readonly string[], every = 3) {
    this.#graftd = graftd;
    this.#done = this.#run(neighbors, every);
  }

  async #run(neighbors: readonly string[], every: number): Promise<void> {
    const client = await this.#graftd.connect();
    for (let turn = 0; !this.#stopping; turn++) {
      const neighbor = neighbors[turn % neighbors.length]!;
      const to = (Math.floor(turn / neighbors.length) + turn) % this.#graftd.blades;
      try {
        this.#count(await client.call<GraftReport>('graft', { neighbor, to }));
      } catch (error) {
        const { message } = error as Error;
        const list = /was undone/.test(message) ? this.#tally.undone : this.#tally.failed;
        list.push(`${neighbor} to ${to}: ${message}`);
      }
      await sleep(every);
    }
  }

  #count({ pauseMicroseconds }: GraftReport): void {
    this.#tally.grafts++;
    this.#tally.longestPauseMicroseconds = Math.max(this.#tally.longestPauseMicroseconds, pauseMicroseconds);
  }

  async stop(): Promise<GraftTally> {
    this.#stopping = true;
    await this.#done;
    return this.#tally;
  }
}
