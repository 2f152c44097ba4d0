/**
 * A model of the rule that a blade is told of those prefixes only that it has an interest in (src/ibgp-internal/interest.ts), small
 * enough that every order of steps can be tried: one prefix, two or three blades, sessions that announce, are told, are grafted; blades
 * that die; and the prefix's marks, which are cleared when nobody has the prefix.
 *
 * A step is what nobody can come between: one read of a column, the writes that end an evaluation, one look at all interests behind a
 * fence. The parts of the rule can be left out one at a time, to see that each of them is needed.
 */

/** What is left out. */
export type Omission =
  /** Interests are read before the column is written (no fence). */
  | 'fence'
  /** An interest is narrowed without forgetting first. */
  | 'forgetting'
  /** Who has no interest in a prefix does not forget it when it would have evaluated it because another blade died. */
  | 'forgetting after a death'
  /** The best is kept of what there is no interest in. */
  | 'keeping nothing'
  /** "None" is believed though nobody would have told. */
  | 'doubt'
  /** "None" is believed again before anybody has looked. */
  | 'confirming'
  /** That there is none is no news to who did not know. */
  | 'news of none'
  /** A graft is prepared before the interest is widened. */
  | 'before a graft'
  /** A session's bucket is added only after its first route was evaluated. */
  | 'own buckets'
  /** Somebody is told before the interest is widened: what is known already is told. */
  | 'before telling';

export interface ModelSession {
  /** Where it is at first. */
  readonly home: number;
  readonly announces: boolean;
  /** Its neighbour comes up and goes down, and is told then; it is up at first. */
  readonly told: boolean;
  readonly up?: boolean;
}

export interface ModelOptions {
  readonly blades: number;
  readonly sessions: readonly ModelSession[];
  /** How much happens: routes that come and go, neighbours that come up and go down, grafts, deaths, cleared marks. */
  readonly changes: number;
  readonly turnovers: number;
  /** The session that is grafted, and where to. */
  readonly graft?: readonly [session: number, to: number];
  readonly deaths?: readonly number[];
  readonly clears?: number;
  readonly omit?: Omission;
}

const ALL = 255;
const UNKNOWN = 9;
/** Signs in rings; records are hint + 1. */
const MARKER = 20;
const QUESTION = 21;
const ANSWER = 22;
const RING = 3;
/** Where an evaluation is: reading column `pc - READ`. */
const READ = 2;
const IDLE = 0;
/** The marks are set, the route is not written yet. */
const ANNOUNCING = 1;
const GRAFT = { none: 0, requested: 1, prepared: 2, released: 3, asking: 4, done: 5 } as const;
const WALK = { none: 0, narrowing: 1, narrowed: 2, confirming: 3, confirmed: 4 } as const;

type State = Uint8Array;

/** The number of different states that were found; throws with the steps that led to a wrong one. */
export function explore(options: ModelOptions): number {
  const model = new Model(options);
  const seen = new Set<string>();
  const stack: { state: State; trail: Trail | undefined }[] = [{ state: model.start(), trail: undefined }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { state, trail } = next;
    let quiet = true;
    model.steps(state, (name, after, outside) => {
      if (!outside) quiet = false;
      const key = String.fromCharCode(...after);
      if (seen.has(key)) return;
      seen.add(key);
      stack.push({ state: after, trail: { name, before: trail } });
    });
    if (!quiet) continue;
    const wrong = model.wrong(state);
    if (wrong !== undefined) throw new Error(`${wrong}\n${told(trail)}`);
  }
  return seen.size;
}

interface Trail {
  readonly name: string;
  readonly before: Trail | undefined;
}

function told(trail: Trail | undefined): string {
  const names: string[] = [];
  for (let at = trail; at !== undefined; at = at.before) names.push(at.name);
  return names.reverse().join('\n');
}

type Take = (name: string, after: State, outside?: boolean) => void;

class Model {
  readonly #options: ModelOptions;
  readonly #blades: number;
  readonly #sessions: number;
  // Where the words of a state stand.
  readonly #session: number;
  readonly #blade: number;
  readonly #ring: number;
  readonly #size: number;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#blades = options.blades;
    this.#sessions = options.sessions.length;
    this.#session = G.words;
    this.#blade = this.#session + this.#sessions * S.words;
    this.#ring = this.#blade + this.#blades * B.words;
    this.#size = this.#ring + this.#blades * this.#blades * (RING + 1);
  }

  start(): State {
    const state = new Uint8Array(this.#size);
    state[G.changes] = this.#options.changes;
    state[G.turnovers] = this.#options.turnovers;
    state[G.clears] = this.#options.clears ?? 0;
    state[G.graft] = this.#options.graft === undefined ? GRAFT.done : GRAFT.none;
    state[G.deaths] = (this.#options.deaths ?? []).reduce((bits, blade) => bits | (1 << blade), 0);
    for (const [i, { home, up }] of this.#options.sessions.entries()) {
      state[this.#s(i) + S.home] = home;
      state[this.#s(i) + S.up] = up === true ? 1 : 0;
    }
    for (let b = 0; b < this.#blades; b++) {
      const at = this.#b(b);
      // As blades are after a start that found nothing: they have an interest in what they have.
      state[at + B.doubts] = 1;
      for (const [i, { home, up }] of this.#options.sessions.entries()) {
        if (home !== b) continue;
        state[at + B.interest]! |= up === true ? ALL : 1 << i;
        if (up === true) state[at + B.doubts] = 0;
      }
      state[at + B.keeps] = state[at + B.interest] as number;
      if (this.#options.omit === 'own buckets') state[at + B.interest] = state[at + B.keeps] = 0;
    }
    return state;
  }

  #s(session: number): number {
    return this.#session + session * S.words;
  }

  #b(blade: number): number {
    return this.#blade + blade * B.words;
  }

  #r(from: number, to: number): number {
    return this.#ring + (from * this.#blades + to) * (RING + 1);
  }

  /** Everything that can happen next. */
  steps(state: State, take: Take): void {
    this.#outside(state, take);
    for (let b = 0; b < this.#blades; b++) this.#bladeSteps(state, b, take);
  }

  // ── what comes from outside ──

  #outside(state: State, take: Take): void {
    const next = (name: string, change: (after: State) => void): void => {
      const after = state.slice();
      change(after);
      take(name, after, true);
    };
    for (const [i, { announces, told }] of this.#options.sessions.entries()) {
      const at = this.#s(i);
      const home = this.#b(state[at + S.home] as number);
      const free = state[home + B.pc] === IDLE && state[at + S.travels] === 0;
      if (announces && (state[G.changes] as number) > 0 && free) {
        for (const value of [0, 1, 2]) {
          if (value === state[at + S.value]) continue;
          next(`session ${i} says ${value}`, (after) => {
            after[G.changes]!--;
            this.#announce(after, i, value);
          });
        }
      }
      if (!told || (state[G.turnovers] as number) === 0 || !free) continue;
      next(`neighbour ${i} ${state[at + S.up] === 0 ? 'comes up' : 'goes down'}`, (after) => {
        after[G.turnovers]!--;
        after[at + S.toldSession] = after[at + S.toldValue] = 0;
        after[at + S.up] = 1 - (after[at + S.up] as number);
        after[at + S.pending] = after[at + S.up] as number;
        if (after[at + S.up] === 1 && this.#options.omit !== 'before telling')
          this.#widen(after, after[at + S.home] as number, ALL);
      });
    }
    if (state[G.graft] === GRAFT.none)
      next('graft is asked for', (after) => (after[G.graft] = GRAFT.requested));
    if ((state[G.clears] as number) > 0 && state[G.marks] !== 0 && this.#isNobodys(state))
      next('marks are cleared', (after) => {
        after[G.clears]!--;
        after[G.marks] = 0;
      });
    for (let b = 0; b < this.#blades; b++)
      if ((state[G.deaths]! & (1 << b)) !== 0 && !this.#isInGraft(state))
        next(`blade ${b} dies`, (after) => this.#die(after, b));
  }

  #isInGraft(state: State): boolean {
    return state[G.graft] !== GRAFT.none && state[G.graft] !== GRAFT.done;
  }

  /** No route, and no Loc-RIB that says there is one. */
  #isNobodys(state: State): boolean {
    for (let i = 0; i < this.#sessions; i++)
      if (state[this.#s(i) + S.value] !== 0 || state[this.#s(i) + S.toldSession] !== 0) return false;
    for (let b = 0; b < this.#blades; b++) {
      const best = state[this.#b(b) + B.best] as number;
      if (state[this.#b(b) + B.pc] !== IDLE || (best !== 0 && best !== UNKNOWN)) return false;
    }
    return true;
  }

  #announce(after: State, session: number, value: number): void {
    const at = this.#s(session);
    const blade = after[at + S.home] as number;
    if (value === 0) {
      this.#write(after, blade, session, 0);
      return;
    }
    after[G.marks]! |= 1 << session;
    after[this.#b(blade) + B.pc] = ANNOUNCING;
    after[this.#b(blade) + B.session] = session;
    after[this.#b(blade) + B.value] = value;
    if (this.#options.omit === 'fence') this.#lookEarly(after, blade);
  }

  #lookEarly(after: State, blade: number): void {
    let early = 0;
    for (let to = 0; to < this.#blades; to++) if (this.#concerns(after, to)) early |= 1 << to;
    after[this.#b(blade) + B.early] = early;
  }

  /** The word in the column; then the evaluation begins. */
  #write(after: State, blade: number, session: number, value: number): void {
    const at = this.#s(session);
    const visible = after[at + S.advertised] === 1;
    after[at + S.value] = value;
    if (value === 0) after[at + S.advertised] = 0;
    if (this.#options.omit === 'fence') this.#lookEarly(after, blade);
    this.#begin(after, blade, session + 1);
    if (visible) this.#noteChange(after, blade, session + 1);
  }

  #die(after: State, blade: number): void {
    after[G.deaths]! &= ~(1 << blade);
    const at = this.#b(blade);
    const { best, value } = { best: after[at + B.best] as number, value: after[at + B.bestValue] as number };
    after.fill(0, at, at + B.words);
    // Its memory is the slot's.
    after[at + B.best] = best;
    after[at + B.bestValue] = value;
    after[at + B.keeps] = after[at + B.interest] = ALL;
    for (let b = 0; b < this.#blades; b++) after[this.#b(b) + B.sweeps] = 1;
    for (let i = 0; i < this.#sessions; i++)
      if (after[this.#s(i) + S.home] === blade && after[this.#s(i) + S.up] === 1)
        after[this.#s(i) + S.pending] = 1;
  }

  // ── interests ──

  /** At once. */
  #widen(after: State, blade: number, interest: number): void {
    const at = this.#b(blade);
    const keeps = (after[at + B.keeps] as number) | interest;
    after[at + B.keeps] = keeps;
    after[at + B.interest]! |= keeps;
    if (keeps !== ALL) return;
    const walk = after[at + B.walk] as number;
    if (this.#options.omit === 'confirming') after[at + B.doubts] = 0;
    if (after[at + B.doubts] === 0) after[at + B.walk] = WALK.none;
    else if (walk !== WALK.confirming && walk !== WALK.confirmed) after[at + B.walk] = WALK.confirming;
  }

  #wanted(state: State, blade: number): number {
    if (state[this.#b(blade) + B.logs] === 1) return ALL;
    if (state[G.graft] === GRAFT.asking && this.#options.graft?.[1] === blade) return ALL;
    let wanted = 0;
    for (let i = 0; i < this.#sessions; i++) {
      const at = this.#s(i);
      if (state[at + S.home] !== blade || state[at + S.travels] === 1) continue;
      if (state[at + S.up] === 1) return ALL;
      wanted |= 1 << i;
    }
    return wanted;
  }

  #concerns(state: State, blade: number): boolean {
    const interest = state[this.#b(blade) + B.interest] as number;
    return interest === ALL || (interest & (state[G.marks] as number)) !== 0;
  }

  #keeps(state: State, blade: number): boolean {
    const keeps = state[this.#b(blade) + B.keeps] as number;
    return keeps === ALL || (keeps & (state[G.marks] as number)) !== 0;
  }

  #knows(state: State, blade: number): boolean {
    const at = this.#b(blade);
    if (state[at + B.best] === UNKNOWN) return false;
    return state[at + B.best] !== 0 || state[at + B.doubts] === 0 || this.#options.omit === 'doubt';
  }

  // ── a blade ──

  #bladeSteps(state: State, b: number, take: Take): void {
    const at = this.#b(b);
    const next = (name: string, change: (after: State) => void): void => {
      const after = state.slice();
      change(after);
      take(`blade ${b}: ${name}`, after);
    };
    const pc = state[at + B.pc] as number;
    if (pc === ANNOUNCING) {
      next('writes the route', (after) => {
        after[at + B.pc] = IDLE;
        this.#write(after, b, after[at + B.session] as number, after[at + B.value] as number);
      });
      return;
    }
    if (pc >= READ) {
      next(`evaluates, ${pc - READ}`, (after) => this.#evaluate(after, b));
      return;
    }
    if (state[at + B.outbox] !== 0 && this.#hasRoom(state, b))
      next('tells its siblings', (after) => this.#tell(after, b));
    for (let from = 0; from < this.#blades; from++) {
      const ring = this.#r(from, b);
      if (state[ring] !== 0)
        next(`reads of blade ${from}`, (after) => {
          const record = after[ring + 1] as number;
          after.copyWithin(ring + 1, ring + 2, ring + 1 + RING);
          after[ring + RING] = 0;
          after[ring]!--;
          this.#read(after, b, from, record);
        });
    }
    if (state[at + B.sweeps] === 1)
      next('evaluates all once more', (after) => {
        after[at + B.sweeps] = 0;
        if (this.#keeps(after, b)) this.#begin(after, b, 0);
        else if (this.#options.omit !== 'forgetting after a death') this.#forget(after, b);
      });
    if (state[at + B.revisits] === 1)
      next('looks again', (after) => {
        after[at + B.revisits] = 0;
        this.#begin(after, b, 0);
      });
    for (let i = 0; i < this.#sessions; i++) {
      const session = this.#s(i);
      if (state[session + S.home] !== b || state[session + S.travels] === 1) continue;
      if (state[session + S.pending] === 1)
        next(`looks what neighbour ${i} is to be told`, (after) => this.#consider(after, b, i));
    }
    this.#interestSteps(state, b, next);
    this.#graftSteps(state, b, next);
  }

  #interestSteps(
    state: State,
    b: number,
    next: (name: string, change: (after: State) => void) => void,
  ): void {
    const at = this.#b(b);
    const wanted = this.#wanted(state, b);
    const keeps = state[at + B.keeps] as number;
    const walk = state[at + B.walk] as number;
    if ((wanted | keeps) !== keeps) {
      next('widens its interest', (after) => this.#widen(after, b, wanted));
      return;
    }
    if (wanted !== keeps && state[at + B.sweeps] === 0) {
      next('begins to narrow its interest', (after) => {
        after[at + B.keeps] = wanted;
        after[at + B.doubts] = 1;
        after[at + B.walk] = WALK.narrowing;
      });
      return;
    }
    if (walk === WALK.narrowing)
      next('forgets', (after) => {
        after[at + B.walk] = WALK.narrowed;
        if (!this.#keeps(after, b) && this.#options.omit !== 'forgetting') this.#forget(after, b);
      });
    if (walk === WALK.narrowed)
      next('has narrowed its interest', (after) => {
        after[at + B.walk] = WALK.none;
        after[at + B.interest] = keeps;
      });
    if (walk === WALK.confirming)
      next('looks whether there is none', (after) => {
        after[at + B.walk] = WALK.confirmed;
        if (after[at + B.best] === 0 && after[G.marks] !== 0) after[at + B.best] = UNKNOWN;
      });
    if (walk === WALK.confirmed)
      next('doubts no more', (after) => {
        after[at + B.walk] = WALK.none;
        after[at + B.doubts] = 0;
      });
  }

  #hasRoom(state: State, b: number): boolean {
    for (let to = 0; to < this.#blades; to++) if (state[this.#r(b, to)] === RING) return false;
    return true;
  }

  /** Looks at all interests, and puts the record where it concerns somebody. */
  #tell(after: State, b: number): void {
    const at = this.#b(b);
    const record = after[at + B.outbox] as number;
    if (record === 0) return;
    after[at + B.outbox] = 0;
    for (let to = 0; to < this.#blades; to++) {
      if (to === b) continue;
      const early = (after[at + B.early]! & (1 << to)) !== 0;
      if (this.#options.omit === 'fence' ? early : this.#concerns(after, to)) this.#put(after, b, to, record);
    }
  }

  #put(after: State, from: number, to: number, record: number): void {
    const ring = this.#r(from, to);
    after[ring]!++;
    after[ring + (after[ring] as number)] = record;
  }

  #noteChange(after: State, b: number, hint: number): void {
    const at = this.#b(b) + B.outbox;
    after[at] = after[at] === 0 || after[at] === hint + 1 ? hint + 1 : 1;
  }

  #read(after: State, b: number, from: number, record: number): void {
    const at = this.#b(b);
    if (record === MARKER) after[G.markers]! |= 1 << from;
    else if (record === QUESTION) after[at + B.answers]! |= 1 << from;
    else if (record === ANSWER) after[G.answers]! |= 1 << from;
    else if (!this.#keeps(after, b)) {
      this.#forget(after, b);
    } else {
      this.#begin(after, b, record - 1);
    }
  }

  #forget(after: State, b: number): void {
    const at = this.#b(b);
    if (after[at + B.best] === 0) return;
    after[at + B.best] = UNKNOWN;
    after[at + B.bestValue] = 0;
  }

  // ── evaluation ──

  /** `hint`: session + 1 that alone changed; 0: look at all. */
  #begin(after: State, b: number, hint: number): void {
    const at = this.#b(b);
    // Of a session taken over routes came without an evaluation.
    const trusted = !(after[G.graft] === GRAFT.asking && this.#options.graft?.[1] === b);
    after[at + B.hint] = trusted && this.#knows(after, b) ? hint : 0;
    after[at + B.pc] = READ;
    after[at + B.foundSession] = after[at + B.foundValue] = 0;
    this.#lookAtOwn(after, b);
  }

  #evaluate(after: State, b: number): void {
    const at = this.#b(b);
    if ((after[at + B.pc] as number) - READ < this.#sessions) {
      this.#look(after, b, after[at + B.pc]!++ - READ);
      this.#lookAtOwn(after, b);
      return;
    }
    const hint = after[at + B.hint] as number;
    const best = after[at + B.best] as number;
    // The best no longer stands as it was, or it is the one that changed: look at all. (Simpler than the real one, and more often.)
    if (hint !== 0 && best !== 0 && (best === hint || after[at + B.stands] === 0)) {
      after[at + B.hint] = 0;
      after[at + B.pc] = READ;
      after[at + B.foundSession] = after[at + B.foundValue] = 0;
      this.#lookAtOwn(after, b);
      return;
    }
    this.#finish(after, b);
  }

  /** Nobody else writes these: whether others come in between makes no difference. */
  #lookAtOwn(after: State, b: number): void {
    const at = this.#b(b);
    const hint = after[at + B.hint] as number;
    for (let i = after[at + B.pc]! - READ; i < this.#sessions; i = after[at + B.pc]! - READ) {
      const s = this.#s(i);
      const own = after[s + S.home] === b && after[s + S.travels] === 0;
      const passedBy = hint !== 0 && hint !== i + 1 && after[at + B.best] !== i + 1;
      if (!own && !passedBy && this.#options.sessions[i]!.announces) return;
      this.#look(after, b, i);
      after[at + B.pc]!++;
    }
  }

  /** One read of a column. By a hint, of the one that changed and the best. */
  #look(after: State, b: number, session: number): void {
    const at = this.#b(b);
    const s = this.#s(session);
    const hint = after[at + B.hint] as number;
    const isBest = after[at + B.best] === session + 1;
    if (hint !== 0 && hint !== session + 1 && !isBest) return;
    const own = after[s + S.home] === b && after[s + S.travels] === 0;
    const value = own || after[s + S.advertised] === 1 ? (after[s + S.value] as number) : 0;
    if (isBest) after[at + B.stands] = value === after[at + B.bestValue] ? 1 : 0;
    if (value > (after[at + B.foundValue] as number)) {
      after[at + B.foundValue] = value;
      after[at + B.foundSession] = session + 1;
    }
  }

  #finish(after: State, b: number): void {
    const at = this.#b(b);
    const found = after[at + B.foundSession] as number;
    const value = after[at + B.foundValue] as number;
    const full = after[at + B.hint] === 0;
    for (let i = 0; i < this.#sessions; i++) {
      const s = this.#s(i);
      if (after[s + S.home] !== b || after[s + S.travels] === 1 || after[s + S.value] === 0) continue;
      if (!full && i + 1 !== after[at + B.hint] && i + 1 !== after[at + B.best]) continue;
      const advertised = i + 1 === found ? 1 : 0;
      if (after[s + S.advertised] === advertised) continue;
      after[s + S.advertised] = advertised;
      this.#noteChange(after, b, i + 1);
    }
    after[at + B.pc] = IDLE;
    after[at + B.stands] = after[at + B.foundSession] = after[at + B.foundValue] = 0;
    const learns = after[at + B.learns] as number;
    // Whoever did not know whether there was any learns that there is none: others may have been told of one.
    const news = learns === 0 && !this.#knows(after, b) && this.#options.omit !== 'news of none';
    const changed = news || found !== after[at + B.best] || value !== after[at + B.bestValue];
    after[at + B.learns] = 0;
    if (this.#keeps(after, b) || this.#options.omit === 'keeping nothing') {
      after[at + B.best] = found;
      after[at + B.bestValue] = value;
    } else {
      after[at + B.best] = UNKNOWN;
      after[at + B.bestValue] = 0;
    }
    const follows = changed || learns === 0;
    if (after[at + B.logs] === 1 && follows) after[at + B.logged] = 1;
    const asked = after[G.graft] === GRAFT.asking && follows ? this.#options.graft : undefined;
    for (let i = 0; i < this.#sessions; i++) {
      const s = this.#s(i);
      if (after[s + S.home] !== b || after[s + S.up] === 0) continue;
      if (changed || (asked?.[1] === b && asked[0] === i)) after[s + S.pending] = 1;
      else if (learns === i + 1) this.#say(after, b, i);
    }
  }

  #consider(after: State, b: number, session: number): void {
    after[this.#s(session) + S.pending] = 0;
    if (this.#knows(after, b) || after[this.#s(session) + S.up] === 0) {
      this.#say(after, b, session);
      return;
    }
    this.#begin(after, b, 0);
    after[this.#b(b) + B.learns] = session + 1;
  }

  #say(after: State, b: number, session: number): void {
    const s = this.#s(session);
    if (after[s + S.up] === 0) return;
    after[s + S.toldSession] = after[this.#b(b) + B.best] as number;
    after[s + S.toldValue] = after[this.#b(b) + B.bestValue] as number;
  }

  // ── grafts ──

  #graftSteps(state: State, b: number, next: (name: string, change: (after: State) => void) => void): void {
    const { graft } = this.#options;
    const at = this.#b(b);
    // Answers go behind all that is to be told.
    if (state[at + B.answers] !== 0 && this.#hasRoom(state, b) && state[at + B.outbox] === 0)
      next('answers', (after) => {
        for (let to = 0; to < this.#blades; to++)
          if ((after[at + B.answers]! & (1 << to)) !== 0) this.#put(after, b, to, ANSWER);
        after[at + B.answers] = 0;
      });
    if (graft === undefined) return;
    const [session, to] = graft;
    const s = this.#s(session);
    const from = this.#options.sessions[session]!.home;
    const all = (1 << this.#blades) - 1;
    if (state[G.graft] === GRAFT.requested && b === to)
      next('prepares', (after) => {
        after[at + B.logs] = 1;
        if (this.#options.omit !== 'before a graft') this.#widen(after, b, ALL);
        after[G.graft] = GRAFT.prepared;
      });
    const marked = 1 << b;
    if (state[G.graft] === GRAFT.prepared && b !== from && (state[G.marked]! & marked) === 0)
      if (state[at + B.outbox] === 0 && this.#hasRoom(state, b))
        next('puts its marker', (after) => {
          after[G.marked]! |= marked;
          this.#put(after, b, from, MARKER);
        });
    if (state[G.graft] === GRAFT.prepared && b === from && state[G.markers] === (all & ~(1 << from)))
      next('releases', (after) => {
        after[s + S.travels] = 1;
        after[G.graft] = GRAFT.released;
      });
    if (
      state[G.graft] === GRAFT.released &&
      b === to &&
      this.#hasRoom(state, b) &&
      state[at + B.outbox] === 0
    )
      next('takes over', (after) => {
        after[s + S.travels] = 0;
        after[s + S.home] = to;
        this.#widen(after, b, after[s + S.up] === 1 ? ALL : 1 << session);
        after[G.graft] = GRAFT.asking;
        for (let other = 0; other < this.#blades; other++)
          if (other !== b) this.#put(after, b, other, QUESTION);
        if (after[at + B.logged] === 1 || after[s + S.pending] === 1) {
          after[s + S.pending] = after[s + S.up] as number;
          after[at + B.revisits] = 1;
        }
        after[at + B.logs] = after[at + B.logged] = 0;
      });
    if (state[G.graft] === GRAFT.asking && b === to && state[G.answers] === (all & ~(1 << to)))
      next('has all answers', (after) => (after[G.graft] = GRAFT.done));
  }

  // ── what must be true when nothing is left to do ──

  wrong(state: State): string | undefined {
    let best = 0;
    let value = 0;
    for (let i = 0; i < this.#sessions; i++) {
      const at = this.#s(i);
      if ((state[at + S.value] as number) <= value) continue;
      best = i + 1;
      value = state[at + S.value] as number;
    }
    for (let i = 0; i < this.#sessions; i++) {
      const at = this.#s(i);
      if ((state[at + S.advertised] === 1) !== (i + 1 === best)) return `session ${i}: advertised or not`;
      if (state[at + S.up] === 1 && (state[at + S.toldSession] !== best || state[at + S.toldValue] !== value))
        return `neighbour ${i} was told ${state[at + S.toldSession]}, ${state[at + S.toldValue]}, should be ${best}, ${value}`;
    }
    for (let b = 0; b < this.#blades; b++) {
      const at = this.#b(b);
      if (!this.#knows(state, b)) continue;
      if (state[at + B.best] !== best || state[at + B.bestValue] !== value)
        return `blade ${b} knows ${state[at + B.best]}, should be ${best}`;
    }
    return undefined;
  }
}

/** Of the box. */
const G = {
  words: 9,
  changes: 0,
  turnovers: 1,
  clears: 2,
  graft: 3,
  deaths: 4,
  marks: 5,
  markers: 6,
  answers: 7,
  marked: 8,
};
/** Of a session. */
const S = {
  words: 8,
  home: 0,
  value: 1,
  advertised: 2,
  up: 3,
  pending: 4,
  toldSession: 5,
  toldValue: 6,
  travels: 7,
};
/** Of a blade. */
const B = {
  words: 21,
  interest: 0,
  keeps: 1,
  doubts: 2,
  walk: 3,
  best: 4,
  bestValue: 5,
  pc: 6,
  session: 7,
  value: 8,
  hint: 9,
  stands: 10,
  foundSession: 11,
  foundValue: 12,
  outbox: 13,
  learns: 14,
  sweeps: 15,
  logs: 16,
  logged: 17,
  answers: 18,
  early: 19,
  revisits: 20,
};
