/**
 * Plans the fewest grafts that even the load of the blades; pure, so that `--dry-run` is the same as the plan.
 *
 * What is aimed at: every blade within a band around the level, the mean load of the blades that accept
 * sessions. A session that is more than the band above the level by itself cannot be helped by moving it: its
 * blade is left out of the mean, and should carry nothing beside it. Sessions on blades that do not accept any
 * (drained ones) have to leave, whatever that does to the band.
 *
 *    misfit = sum over blades of what lies outside the band
 *
 * From each state of the box one step follows: a smallest set of up to three moves that ends all misfit, where
 * the box is small enough to try all of them, else the one move that lessens the misfit most. Before that, those of a kind that is kept
 * together (placement.ts) come together; they are never parted, and where one moves, all do. When there is no such step the
 * plan is at its end. As a step depends on nothing but the state, planning again after a plan was carried out
 * plans nothing, so that balancing does not flap.
 */
import { Box } from './balance-box.ts';

export interface BalanceBlade {
  readonly slot: number;
  /** It may be given sessions; a drained blade may not. */
  readonly accepting: boolean;
}

export interface BalanceSession {
  readonly id: string;
  readonly slot: number;
  /** In any unit, not negative. */
  readonly load: number;
  readonly movable: boolean;
  /** What kind of neighbours it is of, where these are kept together. */
  readonly kind?: string;
}

export interface BalanceInput {
  readonly blades: readonly BalanceBlade[];
  readonly sessions: readonly BalanceSession[];
  /** How far from the level a blade may be, as a fraction of it: 0.1 is 10 %. */
  readonly band: number;
  /** One group that is larger moves by itself. */
  readonly maxGrafts: number;
  /** A difference of load that is not worth a graft, in the unit of the loads: measured loads are never still. */
  readonly negligible?: number;
  /** By kind that is kept together: what it costs a blade to tell all of the kind, in the unit of the loads. */
  readonly telling?: ReadonlyMap<string, number>;
}

export interface BalanceMove {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly load: number;
}

export interface SlotLoad {
  readonly slot: number;
  readonly load: number;
  /** So much of it is the telling of kinds. */
  readonly telling: number;
  readonly sessions: number;
}

export interface BalancePlan {
  readonly before: SlotLoad[];
  readonly after: SlotLoad[];
  readonly moves: BalanceMove[];
  /** Around which the band lies. */
  readonly level: number;
  /** Every blade that accepts sessions ends within the band, but for sessions too large by themselves. */
  readonly even: boolean;
}

/** Sets of moves that are tried in one step at most; a larger box is evened one move at a time. */
const MOST_SETS = 50_000;
const LARGEST_SET = 3;

export function planBalance(input: BalanceInput): BalancePlan {
  const box = new Box(input);
  const before = box.loads();
  const moves: BalanceMove[] = [];
  while (moves.length < input.maxGrafts) {
    const most = input.maxGrafts - moves.length;
    const step =
      evacuation(box) ??
      reunion(box, most, input.negligible ?? 0) ??
      finishingSet(box, most) ??
      bestMove(box, most);
    if (step === undefined) {
      if (moves.length === 0)
        moves.push(...largeGroup(box, input).map(({ session, to }) => box.move(session, to)));
      break;
    }
    for (const { session, to } of step) moves.push(box.move(session, to));
  }
  const even = box.misfit() <= box.nothing;
  return { before, after: box.loads(), moves: withoutDetours(moves), level: box.level, even };
}

/** Indices of a session and of the blade it would go to. */
interface Step {
  readonly session: number;
  readonly to: number;
}

/** All that move with a session. */
function steps(box: Box, session: number, to: number): Step[] {
  return box.group(session).map((each) => ({ session: each, to }));
}

/** A session that has to leave its blade goes where its kind is, or to the least loaded one; the heaviest goes first. */
function evacuation(box: Box): Step[] | undefined {
  let session = -1;
  for (let at = 0; at < box.sessions.length; at++) {
    const { movable, load } = box.sessions[at]!;
    if (!movable || box.accepting[box.home[at]!]) continue;
    if (session < 0 || load > box.sessions[session]!.load) session = at;
  }
  if (session < 0) return undefined;
  const withKind = leastLoaded(box, (blade) => box.hasKind(session, blade));
  const to = withKind >= 0 ? withKind : leastLoaded(box, () => true);
  return to < 0 ? undefined : [{ session, to }];
}

function leastLoaded(box: Box, suits: (blade: number) => boolean): number {
  let least = -1;
  for (let blade = 0; blade < box.load.length; blade++) {
    if (box.accepting[blade] && suits(blade) && (least < 0 || box.load[blade]! < box.load[least]!))
      least = blade;
  }
  return least;
}

/** Those of a kind on one blade join others on another, which does not become fuller than the fullest is; what spares most goes first. */
function reunion(box: Box, most: number, negligible: number): Step[] | undefined {
  const ceiling = Math.max(...box.load);
  let best: { readonly session: number; readonly to: number; readonly spared: number } | undefined;
  for (let session = 0; session < box.sessions.length; session++) {
    const spared = box.telling(session);
    if (spared <= Math.max(box.leastGain, negligible, best?.spared ?? 0) || !mayMove(box, session, most))
      continue;
    const from = box.home[session]!;
    const to = leastLoaded(
      box,
      (blade) =>
        blade !== from &&
        box.hasKind(session, blade) &&
        box.whileMoved(session, blade, () => box.load[blade]! <= ceiling),
    );
    if (to >= 0) best = { session, to, spared };
  }
  return best && steps(box, best.session, best.to);
}

/** Where nothing else can be done, a group of more than may be grafted at once: it would never move otherwise, as it is not parted. */
function largeGroup(box: Box, { maxGrafts, negligible = 0 }: BalanceInput): Step[] {
  if (maxGrafts === 0) return [];
  return reunion(box, Number.POSITIVE_INFINITY, negligible) ?? bestMove(box, Number.POSITIVE_INFINITY) ?? [];
}

/** The session and those who move with it: each group is asked for once. */
function mayMove(box: Box, session: number, most: number): boolean {
  return box.leads(session) && box.movable(session) && box.group(session).length <= most;
}

/** The one move that lessens the misfit most; of equal ones that which leaves the two blades most alike. */
function bestMove(box: Box, most: number): Step[] | undefined {
  if (box.misfit() <= box.nothing) return undefined;
  let best: (Step & Effect) | undefined;
  for (let session = 0; session < box.sessions.length; session++) {
    if (!mayMove(box, session, most)) continue;
    for (let to = 0; to < box.load.length; to++) {
      if (to === box.home[session] || !box.accepting[to] || !box.worthwhile(session, to)) continue;
      const effect = effectOf(box, session, to);
      if (effect.gain > box.nothing && (!best || isBetter(effect, best, box.nothing)))
        best = { session, to, ...effect };
    }
  }
  return best && steps(box, best.session, best.to);
}

interface Effect {
  /** Less misfit. */
  readonly gain: number;
  /** Between the two blades, afterwards. */
  readonly difference: number;
}

function effectOf(box: Box, session: number, to: number): Effect {
  const from = box.home[session]!;
  const before = box.outside(from) + box.outside(to);
  return box.whileMoved(session, to, () => ({
    gain: before - box.outside(from) - box.outside(to),
    difference: Math.abs(box.load[from]! - box.load[to]!),
  }));
}

function isBetter(effect: Effect, than: Effect, nothing: number): boolean {
  if (Math.abs(effect.gain - than.gain) > nothing) return effect.gain > than.gain;
  return effect.difference < than.difference - nothing;
}

/** The smallest set of moves, of three at most and so many sessions, after which nothing is outside the band. */
function finishingSet(box: Box, most: number): Step[] | undefined {
  if (box.misfit() <= box.nothing) return undefined;
  const candidates = box.sessions.flatMap((_, at) =>
    mayMove(box, at, most) && box.weight(at) >= box.leastGain ? [at] : [],
  );
  const ceiling = Math.max(...box.load);
  const choices = candidates.length * (box.load.length - 1);
  let sets = 1;
  for (let wanted = 1; wanted <= Math.min(LARGEST_SET, most); wanted++) {
    sets *= choices / wanted;
    if (sets > MOST_SETS) return undefined;
    const found = searchSet(box, candidates, 0, wanted, { ceiling, most });
    if (found) return found;
  }
  return undefined;
}

/** No blade may become fuller than the fullest was, and so many sessions may move. */
interface Bounds {
  readonly ceiling: number;
  readonly most: number;
}

/** Tries `wanted` more moves of candidates from `start` on. */
function searchSet(
  box: Box,
  candidates: readonly number[],
  start: number,
  wanted: number,
  { ceiling, most }: Bounds,
): Step[] | undefined {
  if (wanted === 0) return box.misfit() <= box.nothing && Math.max(...box.load) <= ceiling ? [] : undefined;
  for (let index = start; index <= candidates.length - wanted; index++) {
    const session = candidates[index]!;
    const left = most - box.group(session).length;
    if (left < wanted - 1) continue;
    for (let to = 0; to < box.load.length; to++) {
      if (to === box.home[session] || !box.accepting[to]) continue;
      const first = steps(box, session, to);
      const rest = box.whileMoved(session, to, () =>
        searchSet(box, candidates, index + 1, wanted - 1, { ceiling, most: left }),
      );
      if (rest) return [...first, ...rest];
    }
  }
  return undefined;
}

/** A session that was moved on from where it was just put is moved there at once, or not at all. */
function withoutDetours(moves: readonly BalanceMove[]): BalanceMove[] {
  const bySession = new Map<string, BalanceMove>();
  for (const move of moves) {
    const earlier = bySession.get(move.id);
    bySession.delete(move.id);
    bySession.set(move.id, earlier ? { ...move, from: earlier.from } : move);
  }
  return [...bySession.values()].filter((move) => move.from !== move.to);
}
