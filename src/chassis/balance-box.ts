/**
 * The box as the balance planner sees it: which session is on which blade, how much each blade carries, and
 * how far that is from even. Blades and sessions are indices here.
 */
import type { BalanceInput, BalanceMove, BalanceSession, SlotLoad } from './balance.ts';

/** Sums of fractions differ in their last digits; this fraction of the mean is nothing. */
const ROUNDING = 1e-9;

export class Box {
  readonly sessions: readonly BalanceSession[];
  /** By session: its blade. */
  readonly home: number[];
  /** By blade. */
  readonly load: number[];
  readonly accepting: readonly boolean[];
  /** The load that every accepting blade should have. */
  readonly level: number;
  /** How far from the level is still within the band. */
  readonly tolerance: number;
  /** What a move has to take off the fuller one of its two blades. */
  readonly leastGain: number;
  readonly nothing: number;
  readonly #slots: readonly number[];
  /** By blade: what cannot be moved. */
  readonly #fixed: number[];
  /** The movable sessions that are above the level by themselves; they are fewer than the blades. */
  readonly #giants: number[];

  constructor(input: BalanceInput) {
    this.#slots = input.blades.map((blade) => blade.slot);
    this.accepting = input.blades.map((blade) => blade.accepting);
    this.sessions = input.sessions.filter((session) => this.#slots.includes(session.slot));
    this.home = this.sessions.map((session) => this.#slots.indexOf(session.slot));
    this.load = this.#sums(() => true);
    this.#fixed = this.#sums((session) => !session.movable);
    const pieces = this.#pieces();
    const blades = this.accepting.filter(Boolean).length;
    this.level = levelOf(pieces, blades, input.band);
    this.nothing = blades === 0 ? 0 : (total(pieces) / blades) * ROUNDING;
    this.#giants = this.sessions.flatMap(({ load, movable }, at) =>
      movable && load > this.level ? [at] : [],
    );
    this.tolerance = Math.max(this.level * input.band, input.negligible ?? 0);
    this.leastGain = Math.max(this.nothing, Math.min(this.level / 100, this.#averageSession() / 4));
  }

  /** What lies outside the band, over all blades. */
  misfit(): number {
    let sum = 0;
    for (let blade = 0; blade < this.load.length; blade++) sum += this.outside(blade);
    return sum;
  }

  /** How far a blade is outside the band. Above it, a blade cannot get below its largest piece. */
  outside(blade: number): number {
    if (!this.accepting[blade]) return 0;
    const over = this.load[blade]! - Math.max(this.level, this.#largestOn(blade)) - this.tolerance;
    const under = this.level - this.tolerance - this.load[blade]!;
    return Math.max(0, over, under);
  }

  /** The fuller of the two blades gets worthwhile relief, and the other does not become as full as it was. */
  worthwhile(session: number, to: number): boolean {
    const { load, movable } = this.sessions[session]!;
    const difference = this.load[this.home[session]!]! - this.load[to]!;
    return movable && Math.min(load, difference - load) >= this.leastGain;
  }

  move(session: number, to: number): BalanceMove {
    const { id, load } = this.sessions[session]!;
    const from = this.home[session]!;
    this.load[from]! -= load;
    this.load[to]! += load;
    this.home[session] = to;
    return { id, from: this.#slots[from]!, to: this.#slots[to]!, load };
  }

  /** What `look` sees while the session is moved; then all is as it was, to the last digit. */
  whileMoved<T>(session: number, to: number, look: () => T): T {
    const from = this.home[session]!;
    const [fromLoad, toLoad] = [this.load[from]!, this.load[to]!];
    this.move(session, to);
    const seen = look();
    this.home[session] = from;
    this.load[from] = fromLoad;
    this.load[to] = toLoad;
    return seen;
  }

  loads(): SlotLoad[] {
    const load = this.#sums(() => true);
    return this.#slots.map((slot, blade) => {
      const sessions = this.home.filter((home) => home === blade).length;
      return { slot, load: load[blade]!, sessions };
    });
  }

  #largestOn(blade: number): number {
    let largest = this.#fixed[blade]!;
    for (const giant of this.#giants) {
      if (this.home[giant] === blade) largest = Math.max(largest, this.sessions[giant]!.load);
    }
    return largest;
  }

  #sums(counts: (session: BalanceSession) => boolean): number[] {
    const sums = this.#slots.map(() => 0);
    this.sessions.forEach((session, at) => {
      if (counts(session)) sums[this.home[at]!]! += session.load;
    });
    return sums;
  }

  /** The load of accepting blades in the pieces that stay together: each movable session, and what is fixed. */
  #pieces(): number[] {
    const movable = this.sessions.filter((session) => session.movable).map((session) => session.load);
    return [...movable, ...this.#fixed.filter((_, blade) => this.accepting[blade])];
  }

  #averageSession(): number {
    const loads = this.sessions.filter((session) => session.movable && session.load > 0);
    return loads.length === 0 ? 0 : total(loads.map((session) => session.load)) / loads.length;
  }
}

/** The mean, without the pieces that are above the band by themselves and the blades that they take. */
function levelOf(pieces: readonly number[], blades: number, band: number): number {
  const rest = pieces.toSorted((a, b) => b - a);
  while (blades > 1 && rest.length > 0 && rest[0]! > (total(rest) / blades) * (1 + band)) {
    rest.shift();
    blades--;
  }
  return blades === 0 ? 0 : total(rest) / blades;
}

function total(loads: readonly number[]): number {
  return loads.reduce((sum, load) => sum + load, 0);
}
