/**
 * What neighbours and operators do in one history, in order, chosen beforehand: whatever the scheduler makes of it,
 * and on however many blades, the routes that stand at its end are the same.
 */
import type { Random } from '../../src/base/random.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { amongMembers } from './members.ts';
import {
  type Instead,
  LOCAL_AS,
  LOCAL_ID,
  type Multipath,
  type NeighbourOptions,
  pickMultipath,
  type SimulationOptions,
} from './options.ts';
import { type PolicyName, pickPolicy } from './policies.ts';
import { randomFor } from './randomness.ts';
import { type Change, padding, pathKey, type Route, tag } from './route.ts';

export type Action = { readonly neighbour: number } & (
  | { readonly kind: 'change'; readonly changes: readonly Change[] }
  | { readonly kind: 'down'; readonly how: 'notification' | 'close' | 'reset' }
  | { readonly kind: 'up' | 'slow' | 'fast' | 'clear' | 'resend' }
  | { readonly kind: 'refresh' | 'malform'; readonly family: number }
  /** What it costs to get to next hops that end in this number; undefined: there is no way. */
  | { readonly kind: 'cost'; readonly hop: number; readonly cost: number | undefined }
  /** The RPKI says that this AS may originate a prefix; undefined: it says nothing of it. */
  | { readonly kind: 'origin'; readonly prefix: number; readonly as: number | undefined }
  /** Other routes of the router itself, by the seed that they are chosen by; undefined: none. */
  | { readonly kind: 'local'; readonly choice: number | undefined }
  | {
      readonly kind: 'configure';
      readonly importAccept: boolean;
      readonly exportAccept: boolean;
      readonly nextHopSelf: boolean;
      readonly importPolicy: PolicyName | undefined;
      readonly exportPolicy: PolicyName | undefined;
      readonly instead: Instead;
      /** Of the whole box. */
      readonly multipath: Multipath | undefined;
    }
);

const TAILS = [[], [], [64_600], [64_600, 64_601], [64_601, 64_600], [4_200_000_002]] as const;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const LLGR_STALE = 0xffff0006;
const NO_LLGR = 0xffff0007;
const NO_EXPORT_SUBCONFED = 0xffffff03;
const GRACEFUL_SHUTDOWN = 0xffff0000;
const BLACKHOLE = 0xffff029a;

export function scriptFor(options: SimulationOptions): Action[] {
  const writer = new ScriptWriter(options);
  const actions: Action[] = options.neighbours.map(({ index }) => ({ kind: 'up', neighbour: index }));
  while (actions.length < options.actions) actions.push(...writer.next());
  const told = costly(reconfigured([...actions, ...writer.end()], options), options);
  return malformed(originating(validated(told, options), options), options);
}

/** The same script, with messages in it that cannot be read. */
function malformed(actions: readonly Action[], { seed, malforms, neighbours }: SimulationOptions): Action[] {
  if (malforms === 0) return [...actions];
  const random = randomFor(seed, 0x76061);
  return actions.flatMap((action): Action[] => {
    if (!random.chance(malforms)) return [action];
    const neighbour = random.below(neighbours.length);
    return [action, { kind: 'malform', neighbour, family: random.pick([FAMILY_IPV4, FAMILY_IPV6]) }];
  });
}

/** The same script, with changes of configuration in it. */
function reconfigured(
  actions: readonly Action[],
  { seed, neighbours, reconfigures, policies, views, equals }: SimulationOptions,
): Action[] {
  if (reconfigures === 0) return [...actions];
  const random = randomFor(seed, 0xc0f1);
  const choice = randomFor(seed, 0xc0f2);
  const view = randomFor(seed, 0xc0f3);
  const box = randomFor(seed, 0xc0f4);
  const policy = (): PolicyName | undefined => (policies ? pickPolicy(choice) : undefined);
  return actions.flatMap((action) => {
    if (!random.chance(reconfigures)) return [action];
    const neighbour = random.below(neighbours.length);
    const [importAccept, exportAccept] = [random.chance(0.6), random.chance(0.6)];
    return [
      action,
      {
        kind: 'configure',
        neighbour,
        importAccept,
        exportAccept,
        nextHopSelf: random.chance(0.5),
        // They would prepend an AS of their own.
        ...(neighbours[neighbour]?.otherAs === undefined
          ? { importPolicy: policy(), exportPolicy: policy() }
          : { importPolicy: undefined, exportPolicy: undefined }),
        instead: views ? view.pick(['external', 'any', undefined] as const) : undefined,
        multipath: equals ? pickMultipath(box) : undefined,
      },
    ];
  });
}

/** The same script, with changes of what next hops cost in it. */
function costly(actions: readonly Action[], { seed, resolves, neighbours }: SimulationOptions): Action[] {
  if (!resolves) return [...actions];
  const random = randomFor(seed, 0x9121);
  const change = (): Action => ({
    kind: 'cost',
    neighbour: 0,
    hop: random.chance(0.3) ? 77 : 1 + random.below(neighbours.length),
    cost: random.pick([undefined, 0, 5, 5, 10]),
  });
  return actions.flatMap((action) => (random.chance(0.1) ? [action, change()] : [action]));
}

/** The same script, with changes of what the RPKI says in it. */
function validated(
  actions: readonly Action[],
  { seed, policies, prefixes4, prefixes6, neighbours }: SimulationOptions,
): Action[] {
  if (!policies) return [...actions];
  const random = randomFor(seed, 0x7291);
  const origins = [undefined, 64_600, 64_601, LOCAL_AS, ...neighbours.map(({ as }) => as)];
  const change = (): Action => ({
    kind: 'origin',
    neighbour: 0,
    prefix: random.below(prefixes4 + prefixes6),
    as: random.pick(origins),
  });
  return actions.flatMap((action) => (random.chance(0.1) ? [action, change()] : [action]));
}

/** The same script, with changes of the router's own routes in it. */
function originating(actions: readonly Action[], { seed, local }: SimulationOptions): Action[] {
  if (!local) return [...actions];
  const random = randomFor(seed, 0x10ca1);
  const often = random.pick([0, 0.02, 0.1]);
  return actions.flatMap((action): Action[] => {
    if (!random.chance(often)) return [action];
    const choice = random.chance(0.1) ? undefined : random.below(1 << 20);
    return [action, { kind: 'local', neighbour: 0, choice }];
  });
}

class ScriptWriter {
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #extra: Random;
  readonly #same: Random;
  readonly #members: Random;
  readonly #down = new Set<number>();
  readonly #slow = new Set<number>();
  /** By neighbour, what it announces so far. */
  readonly #announcing = new Map<number, Map<number, Route>>();
  #version = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = randomFor(options.seed, 0xac7);
    this.#extra = randomFor(options.seed, 0x9234);
    this.#same = randomFor(options.seed, 0xec4);
    this.#members = randomFor(options.seed, 0x50651);
  }

  next(): Action[] {
    const random = this.#random;
    const options = this.#options;
    const neighbour = random.below(options.neighbours.length);
    if (random.chance(options.downs)) return random.chance(0.2) ? this.#storm() : [this.#disturb(neighbour)];
    if (random.chance(options.slow)) return [this.#pace(neighbour)];
    if (random.chance(0.02))
      return [{ kind: 'refresh', neighbour, family: random.pick([FAMILY_IPV4, FAMILY_IPV6]) }];
    if (random.chance(0.01)) return [{ kind: 'resend', neighbour }];
    if (random.chance(options.flaps)) return this.#flap(neighbour);
    return [this.#change(neighbour, this.#changes(neighbour))];
  }

  /** Everybody reads; most are up. */
  end(): Action[] {
    const fast = [...this.#slow].map((neighbour): Action => ({ kind: 'fast', neighbour }));
    const up = [...this.#down]
      .filter(() => this.#random.chance(0.8))
      .map((neighbour): Action => ({ kind: 'up', neighbour }));
    return [...fast, ...up];
  }

  #change(neighbour: number, changes: readonly Change[]): Action {
    const announcing = this.#announcing.get(neighbour) ?? new Map<number, Route>();
    this.#announcing.set(neighbour, announcing);
    for (const { prefix, route } of changes) {
      if (route === undefined) announcing.delete(prefix);
      else announcing.set(prefix, route);
    }
    return { kind: 'change', neighbour, changes };
  }

  /** Routes are withdrawn or replaced, and are as before at once: who looks late sees no change. */
  #flap(neighbour: number): Action[] {
    const random = this.#random;
    const before = random.shuffle([...(this.#announcing.get(neighbour) ?? [])]).slice(0, 1 + random.below(6));
    if (before.length === 0) return [];
    const self = this.#options.neighbours[neighbour] as NeighbourOptions;
    const route = random.chance(0.5) ? undefined : this.#route(self);
    return [
      this.#change(
        neighbour,
        before.map(([prefix]) => ({ prefix, route })),
      ),
      ...before.map((change) => this.#change(neighbour, [{ prefix: change[0], route: change[1] }])),
    ];
  }

  /** Several neighbours go, and come again together, some of them without reading. */
  #storm(): Action[] {
    const random = this.#random;
    const all = this.#options.neighbours.map(({ index }) => index);
    const some = random.shuffle(all).slice(0, 2 + random.below(3));
    for (const neighbour of some) this.#down.delete(neighbour);
    const slow = this.#options.slow > 0 ? some.filter(() => random.chance(0.5)) : [];
    for (const neighbour of slow) this.#slow.add(neighbour);
    return [
      ...some.map((neighbour): Action => ({ kind: 'down', neighbour, how: 'close' })),
      ...slow.map((neighbour): Action => ({ kind: 'slow', neighbour })),
      ...some.map((neighbour): Action => ({ kind: 'up', neighbour })),
    ];
  }

  #disturb(neighbour: number): Action {
    const random = this.#random;
    if (this.#down.delete(neighbour)) return { kind: 'up', neighbour };
    if (random.chance(0.25)) return { kind: 'clear', neighbour };
    this.#down.add(neighbour);
    return { kind: 'down', neighbour, how: random.pick(['notification', 'close', 'reset']) };
  }

  #pace(neighbour: number): Action {
    if (this.#slow.delete(neighbour)) return { kind: 'fast', neighbour };
    this.#slow.add(neighbour);
    return { kind: 'slow', neighbour };
  }

  #changes(index: number): Change[] {
    const random = this.#random;
    const { neighbours, prefixes4, prefixes6 } = this.#options;
    const self = neighbours[index] as NeighbourOptions;
    const route = this.#route(self);
    const total = prefixes4 + prefixes6;
    const many = random.chance(0.3) ? random.below(total) : random.below(3);
    const chosen = new Set<number>();
    for (let i = 0; i <= many; i++) {
      const prefix = random.below(total);
      const several = (self.pathFamilies & (prefix < prefixes4 ? FAMILY_IPV4 : FAMILY_IPV6)) !== 0;
      chosen.add(pathKey(prefix, several ? random.below(self.paths) : 0));
    }
    const withdrawing = random.pick([0, 0, 0.3, 1]);
    return [...chosen].map((prefix) => ({ prefix, route: random.chance(withdrawing) ? undefined : route }));
  }

  #route(self: NeighbourOptions): Route {
    const { index, as, external, address } = self;
    const random = this.#random;
    const { med, plain, fat } = this.#options;
    const tail = random.pick(TAILS);
    const head = external ? [as] : random.pick([[], [64_501], [64_502]]);
    const isPlain = random.chance(plain);
    const communities = isPlain ? [] : [tag(index, ++this.#version)];
    if (random.chance(0.03)) communities.push(random.pick([NO_EXPORT, NO_ADVERTISE]));
    if (!isPlain && this.#version % 29 === 7) communities.push(NO_LLGR);
    if (!isPlain && this.#version % 31 === 5) communities.push(LLGR_STALE);
    if (random.chance(fat)) communities.push(...padding(700));
    const route = {
      origin: random.pick([0, 0, 0, 1, 2]),
      path: random.chance(0.04) ? [...head, LOCAL_AS, ...tail] : [...head, ...tail],
      set: random.chance(0.05) ? [64_610, 64_611] : [],
      nextHop4: random.chance(0.5) ? [203, 0, 113, 77] : [203, 0, 113, 1 + index],
      nextHop6: [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), random.chance(0.5) ? 77 : 1 + index],
      med: random.chance(med) ? random.pick([0, 0, 5, 10, 20]) : undefined,
      localPref: external ? undefined : random.pick([undefined, 100, 100, 100, 50, 200]),
      communities,
      originator:
        external || random.chance(0.7) ? undefined : random.pick([0x08000001, (address[3] as number) >>> 0]),
      clusters: external || random.chance(0.7) ? [] : random.pick([[1], [1, 2], [3, 2, 1]]),
    };
    const alike = this.#options.equals ? this.#alike(route, external) : route;
    const all = this.#options.extras ? this.#withExtras(alike, external) : alike;
    return this.#options.confederation ? amongMembers(this.#members, all, self) : all;
  }

  /** Most routes are as good as others. */
  #alike(route: Route, external: boolean): Route {
    const random = this.#same;
    if (random.chance(0.1)) return route;
    const head = external ? route.path.slice(0, 1) : [64_501];
    const tail = random.pick([[64_600], [64_600], [64_601]]);
    const localPref = external ? undefined : 100;
    return { ...route, origin: 0, path: [...head, ...tail], set: [], localPref };
  }

  /** What rules of neighbours are about; by chances of their own, so that histories without it are as they were. */
  #withExtras(route: Route, external: boolean): Route {
    const random = this.#extra;
    const communities = [...route.communities];
    if (random.chance(0.1))
      communities.push(random.pick([GRACEFUL_SHUTDOWN, BLACKHOLE, NO_EXPORT_SUBCONFED]));
    const { originator, clusters } = route;
    return {
      ...route,
      communities,
      originator: !external && random.chance(0.05) ? LOCAL_ID : originator,
      clusters: !external && random.chance(0.05) ? [1, LOCAL_ID] : clusters,
      otc: random.chance(0.15) ? random.pick([route.path[0] ?? 64_501, 64_501, 64_600]) : undefined,
    };
  }
}
