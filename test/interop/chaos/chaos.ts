/**
 * A chassis of real threads among BIRD, FRR and GoBGP while everything is done to it that actions.ts lists, and BIRD's routes come and
 * go. Then all is put right again, and nobody may have noticed anything: the daemons' own records say that their sessions stayed up,
 * and their tables are what one router would have told them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../../src/base/random.ts';
import type { BladeRow, GraftRow } from '../../../src/chassis/operations.ts';
import {
  bird,
  type Daemon,
  type DaemonKind,
  frr,
  gobgp,
  sessionAddress,
  sessionsWith,
} from '../daemons/index.ts';
import { Graftd } from '../graftd.ts';
import type { Network } from '../network.ts';
import { type Announcement, asReceived, prefixAt, type Route, seededTable } from '../routes.ts';
import { Hopeless, until } from '../wait.ts';
import { FAMILIES, hasTable, sessionAddresses, Witness } from '../witness.ts';
import { pickAction, RIGHT_ANSWERS, type Stage } from './actions.ts';
import { FullTable, fullTableNeighbors, fullTableSections } from './full-table.ts';

export interface ChaosOptions {
  readonly network: Network;
  readonly seconds: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  /** With a table of so many prefixes more, that is told to one neighbour; on loopback only. */
  readonly prefixes?: number;
}

export interface ChaosEnding {
  /** By name, how often each action was done; and what was answered otherwise than done. */
  readonly done: ReadonlyMap<string, number>;
  readonly refused: readonly string[];
  /** Answers that nobody can explain, sessions that fell, lines of trouble in the logs: none. */
  readonly troubles: readonly string[];
  readonly takenOver: number;
}

const ROUTER = { host: 10, as: 65000 };
const PLACES: readonly { kind: DaemonKind; host: number; as: number }[] = [
  { kind: bird, host: 1, as: 65001 },
  { kind: frr, host: 2, as: 65002 },
  { kind: gobgp, host: 3, as: 65003 },
];
/** Routes of each family: BIRD's, of which a part changes all the time, and those of each of the others, better than BIRD's. */
const COUNT = 4000;
const CHANGING = 500;
const OTHERS = 100;

/** What each daemon announces at a moment, by prefix. */
type Tables = ReadonlyMap<DaemonKind, Map<string, Announcement>>;

/** FRR's come first among BIRD's prefixes, GoBGP's behind them. */
const othersRoutes = (offset: number): Announcement[] =>
  FAMILIES.flatMap((family) =>
    Array.from({ length: OTHERS }, (_, i) => ({ prefix: prefixAt(family, offset + i) })),
  );

const birdRoutes = (seed: number, count: number, changing: boolean): Announcement[] =>
  FAMILIES.flatMap((family, i) => seededTable(family, count, seed + i))
    // Never as good as what the others tell without an AS_PATH of their own.
    .map((route) => ({ ...route, asPath: [64_999, ...(route.asPath ?? [])] }))
    .filter((_, i) => !changing || i % 3 !== seed % 3);

export async function runChaos(options: ChaosOptions): Promise<ChaosEnding> {
  const { network, seconds, seed, log, prefixes = 0 } = options;
  const random = new Random(seed);
  const neighbors = sessionsWith(network, ROUTER);
  const tables: Tables = new Map([
    [bird, byPrefix(birdRoutes(seed, COUNT, false))],
    [frr, byPrefix(othersRoutes(0))],
    [gobgp, byPrefix(othersRoutes(OTHERS))],
  ]);
  const daemons: Daemon[] = [];
  const endings: (() => Promise<unknown>)[] = [];
  try {
    for (const { kind, host, as } of PLACES) {
      const originate = [...(tables.get(kind) as Map<string, Announcement>).values()];
      const daemon = await kind.start({ network, name: kind.kind, host, as, neighbors, originate });
      daemons.push(daemon);
      endings.push(() => daemon.stop());
    }
    const graftd = await Graftd.start({
      network,
      name: 'graftd',
      ...ROUTER,
      blades: 3,
      chassis: { 'allow-faults': true, 'heartbeat-limit': 2, 'blade-memory': 128, limits: { sessions: 32 } },
      neighbors: [
        ...PLACES.flatMap((place) => sessionsWith(network, place)).map((each) =>
          prefixes === 0 ? each : { ...each, keys: { export: 'to-daemons' } },
        ),
        ...(prefixes === 0 ? [] : fullTableNeighbors(network)),
      ],
      ...(prefixes === 0 ? {} : { sections: fullTableSections(network) }),
    });
    endings.push(() => graftd.stop());
    const full = prefixes === 0 ? undefined : await FullTable.open(network, ROUTER.host);
    if (full !== undefined) endings.push(() => full.close());
    await graftd.allEstablished();
    await full?.begin(network, prefixes, seed);
    if (full !== undefined) log(`${full.prefixes} prefixes are told`);
    await haveTables(network, daemons, graftd, tables);
    const witnesses = await Promise.all(
      daemons.map((daemon) => Witness.of(daemon, sessionAddresses(network, ROUTER.host))),
    );
    const flexible = sessionAddress(network, 2, 'ipv4');
    const stage: Stage = { graftd, client: await graftd.connect(), random, flexible };
    const churn = new Churn(
      daemons[0] as Daemon,
      tables.get(bird) as Map<string, Announcement>,
      random.below(1000),
    );
    const { done, refused, unexplained } = await disturb(stage, seconds, log);
    await churn.stop();
    await putRight(stage);
    await haveTables(network, daemons, graftd, tables);
    const troubles = [...unexplained, ...((await full?.troubles()) ?? [])];
    for (const witness of witnesses) troubles.push(...(await witness.disturbances()));
    for (const { neighbor, state, reason } of await graftd.sessions())
      if (state !== 'Established') troubles.push(`${neighbor} is ${state}: ${reason}`);
    troubles.push(
      ...graftd
        .log()
        .split('\n')
        .filter((line) => /assert|TypeError|RangeError|poison/i.test(line)),
    );
    const grafts = await graftd.client.call<GraftRow[]>('show grafts', { limit: 100_000 });
    const status = await graftd.stop();
    if (status !== 0) troubles.push(`graftd ended with ${status}: ${graftd.log().slice(-2000)}`);
    return {
      done,
      refused,
      troubles,
      takenOver: grafts.filter(({ planned }) => !planned).length,
    };
  } finally {
    await Promise.allSettled(endings.map((end) => end()));
  }
}

/** Does one thing after another, some of them before the last one is over. */
async function disturb(
  stage: Stage,
  seconds: number,
  log: (line: string) => void,
): Promise<{ done: Map<string, number>; refused: string[]; unexplained: string[] }> {
  const done = new Map<string, number>();
  const refused: string[] = [];
  const unexplained: string[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const action = pickAction(stage.random);
    try {
      await action.run(stage);
      done.set(action.name, (done.get(action.name) ?? 0) + 1);
      log(action.name);
    } catch (error) {
      const answer = `${action.name}: ${(error as Error).message}`;
      log(answer);
      (RIGHT_ANSWERS.some((right) => right.test(answer)) ? refused : unexplained).push(answer);
    }
    await sleep(stage.random.below(stage.random.chance(0.3) ? 600 : 60));
  }
  return { done, refused, unexplained };
}

/** All blades run and take sessions, and the configuration is the first one. */
async function putRight({ graftd, client }: Stage): Promise<void> {
  let blades: BladeRow[] = [];
  await until('all blades to run', async () => {
    blades = await client.call<BladeRow[]>('show blades');
    for (const { blade, state } of blades) if (/^drain/.test(state)) await client.call('undrain', { blade });
    return blades.every(({ state }) => state === 'running');
  }).catch((error: Error) => {
    const states = blades.map(
      ({ blade, state, sessions }) => `blade ${blade} ${state}, ${sessions} sessions`,
    );
    throw new Error([error.message, ...states, graftd.log().slice(-4000)].join('\n'));
  });
  graftd.rewrite(new Map());
  await client.call('reload');
}

/** BIRD announces and withdraws a part of its table, again and again. */
class Churn {
  readonly #done: Promise<void>;
  #stopping = false;

  constructor(daemon: Daemon, table: Map<string, Announcement>, seed: number) {
    this.#done = this.#run(daemon, table, seed);
  }

  async #run(daemon: Daemon, table: Map<string, Announcement>, seed: number): Promise<void> {
    for (let round = seed; !this.#stopping; round++) {
      const routes = birdRoutes(round, CHANGING, true);
      const gone = [...birdRoutes(seed, CHANGING, false)]
        .map(({ prefix }) => prefix)
        .filter((_, i) => i % 7 === round % 7);
      for (const route of routes) table.set(route.prefix, route);
      for (const prefix of gone) table.delete(prefix);
      await daemon.announce(routes);
      await daemon.withdraw(gone);
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }
}

const byPrefix = (routes: readonly Announcement[]): Map<string, Announcement> =>
  new Map(routes.map((route) => [route.prefix, route]));

/** Every daemon has of the router what the best of the others' is, and nothing that it announces best itself. */
async function haveTables(
  network: Network,
  daemons: readonly Daemon[],
  graftd: Graftd,
  tables: Tables,
): Promise<void> {
  for (const [index, { kind }] of PLACES.entries()) {
    const daemon = daemons[index] as Daemon;
    try {
      await hasTable(daemon, network, ROUTER.host, expectedAt(kind, graftd, tables), {
        seconds: 120,
        every: 300,
      });
    } catch (error) {
      throw new Hopeless(`${(error as Error).message}\n${graftd.log().slice(-3000)}`);
    }
  }
}

function expectedAt(to: DaemonKind, graftd: Graftd, tables: Tables): Map<string, Route> {
  const best = new Map<string, { route: Announcement; from: DaemonKind }>();
  // BIRD's paths are longer than all others, which have no prefix in common.
  for (const kind of [bird, frr, gobgp])
    for (const [prefix, route] of tables.get(kind) as Map<string, Announcement>)
      best.set(prefix, { route, from: kind });
  const told = [...best.values()]
    .filter(({ from }) => from !== to)
    .map(({ route: { med: _, asPath = [], ...route }, from }) => {
      const { as } = PLACES.find(({ kind }) => kind === from) as { as: number };
      return { ...route, asPath: [as, ...asPath] };
    });
  return asReceived(told, graftd);
}
