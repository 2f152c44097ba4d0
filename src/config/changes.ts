/**
 * What has to happen for a changed key to be applied to a router that runs: one row a key, so that no key can be added
 * without an answer. docs/operations.md has the same table.
 */
import type {
  ChassisConfiguration,
  Configuration,
  NeighborConfiguration,
  RouterValues,
  RpkiValues,
} from './configuration.ts';

export const EFFECTS = {
  now: 'at once',
  import: 'at once: the routes that the neighbour told are filtered anew, without a reset',
  export: 'at once: the neighbour is told the differences, without a reset',
  told: 'at once: neighbours are told the differences, without a reset',
  limit: 'at once: a session that the limit keeps down starts again',
  connection: 'from the next connection on',
  session: 'from the next session on',
  reset: 'the session is closed and starts again',
  start: 'when the neighbour is configured anew',
  restart: 'when the chassis is started again',
} as const;
export type Effect = keyof typeof EFFECTS;

// biome-ignore format: one line a row
const NEIGHBOR_EFFECTS: { readonly [K in keyof Required<NeighborConfiguration>]: Effect } = {
  address: 'start', // never seen as a change: another address is another neighbour
  as: 'reset',
  external: 'reset', // follows from `as`
  localAs: 'reset',
  localAsNoPrepend: 'reset',
  localAsReplaceAs: 'export',
  port: 'connection',
  localAddress: 'reset',
  password: 'reset',
  ttlSecurity: 'reset',
  passive: 'connection',
  families: 'reset',
  import: 'import',
  export: 'export',
  importPolicy: 'import',
  weight: 'import',
  exportPolicy: 'export',
  holdTime: 'session',
  minHoldTime: 'session',
  extendedMessages: 'session',
  extendedNextHop: 'session',
  withoutCapabilities: 'session',
  keepaliveTime: 'now',
  connectRetryTime: 'connection',
  sendHoldTime: 'now',
  maxPrefixes: 'limit',
  maxPrefixesWarning: 'now',
  maxPrefixesRestart: 'limit',
  gracefulRestart: 'session',
  restartTime: 'session',
  longLivedStaleTime: 'session',
  tellStale: 'export',
  disableMalformedFamilies: 'session',
  advertisementInterval: 'export',
  nextHopSelf: 'export',
  nextHopIpv4: 'export',
  nextHopIpv6: 'export',
  routeReflectorClient: 'reset',
  routeServerClient: 'reset',
  originate: 'export',
  sharedSubnets: 'export',
  defaultOriginate: 'export',
  localRole: 'reset',
  roleStrict: 'session',
  enforceFirstAs: 'import',
  allowasIn: 'import',
  asOverride: 'export',
  removePrivateAs: 'export',
  gracefulShutdown: 'export',
  passBlackhole: 'export',
  addPathReceive: 'reset',
  addPathSend: 'reset',
  addPathMost: 'export',
  bestExternal: 'export',
  evaluate: 'export',
  blade: 'start',
  range: 'now', // it has one or not, and what it is follows from other keys
  group: 'now', // what it brings are other keys
  description: 'now',
};

// biome-ignore format: one line a row
const ROUTER_EFFECTS: { readonly [K in keyof Required<RouterValues>]: Effect } = {
  as: 'restart',
  id: 'restart',
  listen: 'restart',
  clusterId: 'restart',
  confederation: 'restart',
  alwaysCompareMed: 'restart',
  missingMedAsWorst: 'restart',
  multipath: 'now',
  originate: 'told',
  aggregates: 'told',
  nextHops: 'now', // but whether they are resolved at all: at the next start
};

// biome-ignore format: one line a row
const CHASSIS_EFFECTS: { readonly [K in keyof Required<ChassisConfiguration>]: Effect } = {
  blades: 'restart',
  lineCards: 'restart',
  control: 'restart',
  allowFaults: 'now',
  heartbeatLimit: 'restart',
  bladeMemory: 'restart',
  poisonLimit: 'restart',
  state: 'restart',
  restartWait: 'restart',
  limits: 'restart',
  rehearse: 'restart',
};

const RPKI_EFFECTS: { readonly [K in keyof Required<RpkiValues>]: Effect } = { caches: 'now' };

/** Keys whose values nobody is shown. */
const SECRET: ReadonlySet<string> = new Set(['password']);

export interface KeyChange {
  /** As in the file: `hold-time`. */
  readonly key: string;
  /** As text; `-`: not set. */
  readonly from: string;
  readonly to: string;
  readonly effect: Effect;
}

/** What differs between two neighbours at the same address. */
export function neighborChanges(from: NeighborConfiguration, to: NeighborConfiguration): KeyChange[] {
  return differences(from, to, NEIGHBOR_EFFECTS).filter(({ key }) => key !== 'external');
}

/** What differs in the sections `router`, `chassis` and `rpki`; the keys with their section. */
export function boxChanges(from: Configuration, to: Configuration): KeyChange[] {
  const within = (section: string, changes: KeyChange[]): KeyChange[] =>
    changes.map((change) => ({ ...change, key: `${section}.${change.key}` }));
  return [
    ...within('router', differences(from.router, to.router, ROUTER_EFFECTS)),
    ...within('chassis', differences(from.chassis, to.chassis, CHASSIS_EFFECTS)),
    ...within('rpki', differences(from.rpki, to.rpki, RPKI_EFFECTS)),
  ];
}

/** The running configuration with what of another one can be applied without a new start. */
export function applicable(running: Configuration, wanted: Configuration): Configuration {
  const chassis: Record<string, unknown> = { ...running.chassis };
  for (const [key, effect] of Object.entries(CHASSIS_EFFECTS))
    if (effect !== 'restart') chassis[key] = wanted.chassis[key as keyof ChassisConfiguration];
  // Memory for costs is reserved at the start or never.
  const { nextHops = running.router.nextHops } = wanted.router;
  const resolves = running.router.nextHops !== undefined && nextHops !== undefined;
  const { multipath } = wanted.router;
  const { originate, aggregates } = wanted.router;
  const { multipath: _, originate: __, aggregates: ___, ...before } = running.router;
  const router = {
    ...before,
    ...(originate === undefined ? {} : { originate }),
    ...(aggregates === undefined ? {} : { aggregates }),
    ...(multipath === undefined ? {} : { multipath }),
    ...(resolves ? { nextHops } : {}),
  };
  return { ...wanted, router, chassis: chassis as ChassisConfiguration };
}

function differences<T extends object>(
  from: T,
  to: T,
  effects: { readonly [key: string]: Effect },
): KeyChange[] {
  return Object.entries(effects).flatMap(([name, effect]) => {
    const [a, b] = [from, to].map((side) => shown((side as Record<string, unknown>)[name]));
    const key = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (a === b) return [];
    const told = (value: string | undefined): string =>
      SECRET.has(name) && value !== '-' ? '(secret)' : (value as string);
    return [{ key, from: told(a), to: told(b), effect }];
  });
}

function shown(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
