/**
 * The box as the balance planner sees it: which session is on which blade, how much each blade carries, and
 * how far that is from even. Blades and sessions are indices here.
 *
 * A blade carries what its sessions cost each, and what it costs to tell each kind of neighbours that is kept together: that is done
 * once for all of the kind that are there. So those on one blade move together, and the telling goes with them.
 */
import type { BalanceInput, BalanceMove, BalanceSession, SlotLoad } from './balance.ts';

/** Sums of fractions differ in their last digits; this fraction of the mean is nothing. */
const ROUNDING = 1e-9;
/** Aims that are remembered at once. */
const MOST_AIMS = 1000;

/** What is aimed at. It depends on what there is to carry in all, which is less when a kind comes together. */
interface Aim {
  /** The load that every accepting blade should have. */
  readonly level: number;
  /** How far from the level is still within the band. */
  readonly tolerance: number;
  /** What a move has to take off the fuller one of its two blades. */
  readonly leastGain: number;
  readonly nothing: number;
  /** The movable sessions that are above the level by themselves, or with the telling that goes with them; of each kind one a blade. */
  readonly giants: readonly number[];
}

export class Box {
  readonly sessions: readonly BalanceSession[];
  /** By session: its blade. */
  readonly home: number[];
  /** By blade. */
  readonly load: number[];
  readonly accepting: readonly boolean[];
  readonly #slots: readonly number[];
  readonly #band: number;
  readonly #negligible: number;
  /** By blade: what sessions that cannot be moved cost. */
  readonly #fixed: number[];
  /** By session its kind, -1: none that is kept together. */
  readonly #kinds: readonly number[];
  /** By kind: what telling it costs, who is of it, and, by blade, how many are there. */
  readonly #telling: readonly number[];
  readonly #alike: readonly number[][];
  readonly #members: readonly number[][];
  readonly #aims = new Map<string, Aim>();
  #aim: Aim | undefined;

  constructor(input: BalanceInput) {
    this.#slots = input.blades.map((blade) => blade.slot);
    this.accepting = input.blades.map((blade) => blade.accepting);
    this.#band = input.band;
    this.#negligible = input.negligible ?? 0;
    this.sessions = input.sessions.filter((session) => this.#slots.includes(session.slot));
    this.home = this.sessions.map((session) => this.#slots.indexOf(session.slot));
    const kinds = [...(input.telling ?? new Map<string, number>())];
    const names = kinds.map(([kind]) => kind);
    this.#telling = kinds.map(([, load]) => load);
    this.#kinds = this.sessions.map(({ kind }) => (kind === undefined ? -1 : names.indexOf(kind)));
    this.#alike = names.map((_, kind) => this.#kinds.flatMap((each, at) => (each === kind ? [at] : [])));
    this.#members = this.#alike.map((all) =>
      this.#slots.map((_, blade) => all.filter((at) => this.home[at] === blade).length),
    );
    this.load = this.#sums(() => true).map((load, blade) => load + this.#tellingOn(blade));
    this.#fixed = this.#sums((session) => !session.movable);
  }

  get level(): number {
    return this.#aimed.level;
  }

  get nothing(): number {
    return this.#aimed.nothing;
  }

  get leastGain(): number {
    return this.#aimed.leastGain;
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
    const { level, tolerance } = this.#aimed;
    const over = this.load[blade]! - Math.max(level, this.#largestOn(blade)) - tolerance;
    const under = level - tolerance - this.load[blade]!;
    return Math.max(0, over, under);
  }

  /** Who moves when this session does: those of its kind on its blade. */
  group(session: number): readonly number[] {
    const kind = this.#kinds[session]!;
    if (kind < 0) return [session];
    return this.#alike[kind]!.filter((at) => this.home[at] === this.home[session]);
  }

  /** The first of its group, by which others need not be asked for. */
  leads(session: number): boolean {
    const kind = this.#kinds[session]!;
    return kind < 0 || this.#alike[kind]!.find((at) => this.home[at] === this.home[session]) === session;
  }

  /** What telling the session's kind costs, a blade. */
  telling(session: number): number {
    return this.#telling[this.#kinds[session]!] ?? 0;
  }

  /** Some of the session's kind are on that blade. */
  hasKind(session: number, blade: number): boolean {
    return (this.#members[this.#kinds[session]!]?.[blade] ?? 0) > 0;
  }

  /** What a group costs, and its telling. */
  weight(session: number): number {
    const own = this.group(session).map((at) => this.sessions[at]!.load);
    return total(own) + this.telling(session);
  }

  /** All of the session's group may be moved. */
  movable(session: number): boolean {
    return this.group(session).every((at) => this.sessions[at]!.movable);
  }

  /** The fuller of the two blades gets worthwhile relief, and the other does not become as full as it was. */
  worthwhile(session: number, to: number): boolean {
    const from = this.home[session]!;
    const { leastGain } = this.#aimed;
    if (this.#kinds[session]! < 0) {
      const { load } = this.sessions[session]!;
      return Math.min(load, this.load[from]! - this.load[to]! - load) >= leastGain;
    }
    const most = this.load[from]! - leastGain;
    return this.whileMoved(session, to, () => this.load[from]! <= most && this.load[to]! <= most);
  }

  move(session: number, to: number): BalanceMove {
    const { id, load } = this.sessions[session]!;
    const from = this.home[session]!;
    this.load[from]! -= load;
    this.load[to]! += load;
    const kind = this.#kinds[session]!;
    if (kind >= 0) {
      const members = this.#members[kind]!;
      if (--members[from]! === 0) this.load[from]! -= this.#telling[kind]!;
      if (members[to]!++ === 0) this.load[to]! += this.#telling[kind]!;
      // One by itself weighs the same anywhere.
      if (this.#alike[kind]!.length > 1) this.#aim = undefined;
    }
    this.home[session] = to;
    return { id, from: this.#slots[from]!, to: this.#slots[to]!, load };
  }

  /** What `look` sees while the session's group is moved; then all is as it was, to the last digit. */
  whileMoved<T>(session: number, to: number, look: () => T): T {
    const from = this.home[session]!;
    const [fromLoad, toLoad] = [this.load[from]!, this.load[to]!];
    const aim = this.#aimed;
    const group = this.group(session);
    const joins = this.hasKind(session, to);
    for (const at of group) this.move(at, to);
    // A whole group weighs the same anywhere but with others of its kind.
    if (!joins) this.#aim = aim;
    const seen = look();
    for (const at of group) this.move(at, from);
    this.load[from] = fromLoad;
    this.load[to] = toLoad;
    this.#aim = aim;
    return seen;
  }

  loads(): SlotLoad[] {
    const load = this.#sums(() => true);
    return this.#slots.map((slot, blade) => {
      const sessions = this.home.filter((home) => home === blade).length;
      const telling = this.#tellingOn(blade);
      return { slot, load: load[blade]! + telling, telling, sessions };
    });
  }

  #tellingOn(blade: number): number {
    return total(this.#telling.filter((_, kind) => this.#members[kind]![blade]! > 0));
  }

  #largestOn(blade: number): number {
    let largest = this.#fixed[blade]!;
    for (const giant of this.#aimed.giants) {
      if (this.home[giant] === blade) largest = Math.max(largest, this.weight(giant));
    }
    return largest;
  }

  /** Without kinds it is the same at all times; with them a function of which blades tell which. */
  get #aimed(): Aim {
    if (this.#aim !== undefined) return this.#aim;
    const key = this.#members
      .filter((_, kind) => this.#alike[kind]!.length > 1)
      .map((members) => members.map((count) => (count > 0 ? 1 : 0)).join(''))
      .join(' ');
    let aim = this.#aims.get(key);
    if (aim === undefined) {
      if (this.#aims.size >= MOST_AIMS) this.#aims.clear();
      this.#aims.set(key, (aim = this.#newAim()));
    }
    this.#aim = aim;
    return aim;
  }

  #newAim(): Aim {
    const pieces = this.#pieces();
    const blades = this.accepting.filter(Boolean).length;
    const level = levelOf(pieces, blades, this.#band);
    const nothing = blades === 0 ? 0 : (total(pieces) / blades) * ROUNDING;
    const giants = this.sessions.flatMap(({ movable }, at) =>
      movable && this.leads(at) && this.weight(at) > level ? [at] : [],
    );
    const tolerance = Math.max(level * this.#band, this.#negligible);
    const leastGain = Math.max(nothing, Math.min(level / 100, this.#averageSession() / 4));
    return { level, nothing, giants, tolerance, leastGain };
  }

  #sums(counts: (session: BalanceSession) => boolean): number[] {
    const sums = this.#slots.map(() => 0);
    this.sessions.forEach((session, at) => {
      if (counts(session)) sums[this.home[at]!]! += session.load;
    });
    return sums;
  }

  /** The load of accepting blades in the pieces that stay together: each group that can be moved, and what is fixed. */
  #pieces(): number[] {
    const movable = this.sessions.flatMap((session, at) =>
      session.movable && this.leads(at) ? [this.weight(at)] : [],
    );
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
