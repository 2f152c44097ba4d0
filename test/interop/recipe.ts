/**
 * A recipe of examples/ as it stands in its file, running between BIRDs that have the addresses that the file says: in a
 * network namespace of its own, whose loopback has 192.0.2.0/24 and 2001:db8::1 to ::1e.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { ControlClient } from '../../src/chassis/control/client.ts';
import type { SessionRow } from '../../src/chassis/operations.ts';
import { Child } from './child.ts';
import type { Bird } from './daemons/bird.ts';
import { findProgram } from './daemons/daemon.ts';
import { bird } from './daemons/index.ts';
import { type Network, namespaceNetwork } from './network.ts';
import { type Announcement, differences, type Family, type Route } from './routes.ts';
import { Hopeless, until } from './wait.ts';

/** The AS and the host of this router in all recipes. */
export const RECIPE_AS = 64_500;
const ROUTER = 1;

/** A neighbour as a recipe has it: the number of its host, its AS, and over which versions of IP it talks. */
export interface Member {
  readonly host: number;
  readonly as: number;
  readonly transports?: readonly (4 | 6)[];
  /** Over a session of IPv4. */
  readonly families?: readonly Family[];
  readonly originate?: readonly Announcement[];
  readonly lines?: readonly string[];
  readonly familyLines?: readonly string[];
}

export class Recipe {
  readonly network: Network;
  readonly client: ControlClient;
  readonly #members: readonly Member[];
  readonly #birds: ReadonlyMap<number, Bird>;
  readonly #child: Child;

  constructor(
    network: Network,
    client: ControlClient,
    members: readonly Member[],
    birds: ReadonlyMap<number, Bird>,
    child: Child,
  ) {
    this.network = network;
    this.#members = members;
    this.client = client;
    this.#birds = birds;
    this.#child = child;
  }

  /** The address of a host, as its neighbours have it. */
  address(host: number, transport: 4 | 6 = 4): string {
    return this.network.endpoint(host, transport).address;
  }

  bird(host: number): Bird {
    return this.#birds.get(host) as Bird;
  }

  sessions(): Promise<SessionRow[]> {
    return this.client.call<SessionRow[]>('show sessions');
  }

  /** Waits until so many sessions are up, and have told so many routes together, rejected ones among them. */
  async settled(sessions: number, routes: number): Promise<void> {
    await until(`${sessions} sessions that told ${routes} routes`, async () => {
      const rows = await this.sessions();
      const received = rows.reduce((sum, row) => sum + row.routesReceived, 0);
      return rows.filter(({ state }) => state === 'Established').length === sessions && received === routes;
    }).catch(async (error: Error) => {
      const rows = (await this.sessions()).map((row) => `${row.neighbor} ${row.state} ${row.routesReceived}`);
      throw new Error([error.message, ...rows, this.#child.log()].join('\n'));
    });
  }

  /** What a neighbour was told by this router, as the neighbour has it. */
  async told(host: number): Promise<Map<string, Route>> {
    const { transports = [4], families = ['ipv4'] } = this.#members.find(
      (each) => each.host === host,
    ) as Member;
    const all = new Map<string, Route>();
    for (const transport of transports) {
      const router = this.address(ROUTER, transport);
      for (const family of transport === 6 ? (['ipv6'] as const) : families)
        for (const [prefix, route] of await this.bird(host).routes(family, router)) all.set(prefix, route);
    }
    return all;
  }

  /** Waits until a neighbour has been told these routes, and no others. */
  async tells(host: number, expected: readonly Partial<Route>[]): Promise<void> {
    let found: string[] = [];
    await until(`host ${host} to have been told what the recipe promises`, async () => {
      const told = await this.told(host);
      // What is not said of a route may be anything.
      const wanted = expected.map((route) => ({ ...told.get(route.prefix as string), ...route }) as Route);
      found = differences(new Map(wanted.map((route) => [route.prefix, route])), told);
      return found.length === 0;
    }).catch((error: Error) => {
      throw new Error([error.message, ...found, this.#child.log()].join('\n'));
    });
  }

  stop(): Promise<number | string> {
    this.client.close();
    return this.#child.stop(10_000);
  }
}

/** stayrtr as the RPKI cache at an address, port 3323; false where it is not installed. */
export function startCache(
  t: ExecutionContext,
  network: Network,
  address: string,
  roas: readonly { prefix: string; maxLength: number; asn: string }[],
): boolean {
  const program = findProgram('stayrtr');
  if (program === undefined) return false;
  const file = path.join(network.folder, 'roas.json');
  writeFileSync(file, JSON.stringify({ metadata: {}, roas }));
  const words = [
    program,
    '-bind',
    `${address}:3323`,
    '-cache',
    file,
    '-checktime=false',
    '-metrics.addr',
    '',
  ];
  const child = new Child(words, { network, logFile: path.join(network.folder, 'stayrtr.log') });
  t.teardown(() => child.stop());
  return true;
}

/** Undefined, and the test passed with a word, where BIRD is missing, or namespaces are not allowed. */
export async function startRecipe(
  t: ExecutionContext,
  name: string,
  members: readonly Member[],
): Promise<Recipe | undefined> {
  const network = await recipeNetwork(t);
  if (network === undefined) return undefined;
  const birds = new Map<number, Bird>();
  await Promise.all(
    members.map(async (member) => birds.set(member.host, await startMember(network, member))),
  );
  t.teardown(async () => void (await Promise.all([...birds.values()].map((each) => each.stop()))));

  const folder = path.join(network.folder, 'graftd');
  mkdirSync(folder);
  const file = path.join(folder, `${name}.yaml`);
  copyFileSync(path.resolve('examples', `${name}.yaml`), file);
  const child = new Child([process.execPath, path.resolve('dist/src/cli/main.js'), 'run', file], {
    network,
    logFile: path.join(folder, 'log'),
    cwd: folder,
  });
  t.teardown(() => child.stop());
  await until('graftd to be ready', () => {
    if (child.status !== undefined) throw new Hopeless(child.log());
    return /\bready\b/.test(child.log());
  });
  return new Recipe(
    network,
    await ControlClient.connect(path.join(folder, 'graftd.sock')),
    members,
    birds,
    child,
  );
}

async function recipeNetwork(t: ExecutionContext): Promise<Network | undefined> {
  const network = await namespaceNetwork();
  if (network === undefined) {
    t.log('skipped: network namespaces are not allowed here');
    t.pass();
    return undefined;
  }
  t.teardown(() => network.close());
  const missing = bird.missing(network);
  if (missing !== undefined) {
    t.log(`skipped: ${missing}`);
    t.pass();
    return undefined;
  }
  const [program, ...args] = [...network.prefix, 'ip', 'addr', 'add', '192.0.2.0/24', 'dev', 'lo'];
  spawnSync(program as string, args);
  return {
    ...network,
    endpoint: (host, transport = 4) => ({
      address: transport === 4 ? `192.0.2.${host}` : `2001:db8::${host.toString(16)}`,
      port: 179,
    }),
  };
}

async function startMember(network: Network, member: Member): Promise<Bird> {
  const { host, as, transports = [4], families, originate = [], lines = [], familyLines = [] } = member;
  const started = await bird.start({
    network,
    name: `host${host}`,
    host,
    as,
    originate,
    neighbors: transports.map((transport) => ({
      ...network.endpoint(ROUTER, transport),
      as: RECIPE_AS,
      families: transport === 6 ? ['ipv6'] : (families ?? ['ipv4']),
      lines,
      familyLines,
    })),
  });
  return started as Bird;
}
