/**
 * Regular expressions over AS paths and communities, as Cisco and FRR have them: `. [ ] ( ) | * + ? { } ^ $ \` and `_`,
 * which is a space, a brace, a comma or parenthesis, or either end. A text matches where any part of it does.
 *
 * They become an automaton whose states are made when they are first needed. Every character costs a step, whatever the
 * expression is like: there is no backtracking, and so none that could take for ever.
 *
 *   text ─→ parse ─→ states with arrows (Thompson) ─→ sets of states, by character (made on the way, bounded)
 */

/** States of one expression at most: `{1,1000}` within `{1,1000}` is refused. */
const MOST_STATES = 4000;
/** Sets of states that are kept; with more, all are forgotten. */
const MOST_SETS = 512;
const CHARACTERS = 128;
const NONE = 0xffffffff;
const DELIMITERS = ' ,{}()[]:';

/** What an arrow asks for: a character of a set, or nothing (`begin`, `end`: only there). */
type Arrow = { readonly to: number; readonly on: Uint8Array | 'nothing' | 'begin' | 'end' };

/** A part of the automaton: where it begins, and where it ends. */
interface Part {
  readonly from: number;
  readonly to: number;
}

class Wrong extends Error {}

class Parser {
  readonly states: Arrow[][] = [];
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Part {
    const whole = this.#choice();
    if (this.#at < this.#text.length) throw new Wrong(`has a ")" at ${this.#at + 1} that closes nothing`);
    return whole;
  }

  #state(): number {
    if (this.states.length >= MOST_STATES) throw new Wrong('is too large: its repetitions multiply');
    return this.states.push([]) - 1;
  }

  #arrow(from: number, to: number, on: Arrow['on']): void {
    (this.states[from] as Arrow[]).push({ to, on });
  }

  #choice(): Part {
    const branches = [this.#sequence()];
    while (this.#text[this.#at] === '|') {
      this.#at++;
      branches.push(this.#sequence());
    }
    if (branches.length === 1) return branches[0] as Part;
    const part = { from: this.#state(), to: this.#state() };
    for (const branch of branches) {
      this.#arrow(part.from, branch.from, 'nothing');
      this.#arrow(branch.to, part.to, 'nothing');
    }
    return part;
  }

  #sequence(): Part {
    const from = this.#state();
    let to = from;
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] as string)) {
      const part = this.#repeated();
      this.#arrow(to, part.from, 'nothing');
      to = part.to;
    }
    return { from, to };
  }

  #repeated(): Part {
    const begin = this.#at;
    let part = this.#atom();
    for (;;) {
      const [least, most] = this.#times() ?? [-1, -1];
      if (least < 0) return part;
      const end = this.#at;
      part = this.#repeat(part, begin, least, most);
      this.#at = end;
    }
  }

  /** `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`; most -1: any number. */
  #times(): [number, number] | undefined {
    const sign = this.#text[this.#at];
    if (sign === '*' || sign === '+' || sign === '?') {
      this.#at++;
      return sign === '*' ? [0, -1] : sign === '+' ? [1, -1] : [0, 1];
    }
    const range = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#text.slice(this.#at));
    if (range === null) return undefined;
    this.#at += range[0].length;
    const least = Number(range[1]);
    const most = range[2] === undefined ? least : range[3] === '' ? -1 : Number(range[3]);
    if (most >= 0 && most < least) throw new Wrong(`{${least},${most}} has its numbers the wrong way round`);
    return [least, most];
  }

  /** So many copies, each read again from the text, as one stands there already. */
  #repeat(first: Part, begin: number, least: number, most: number): Part {
    const copy = (): Part => {
      this.#at = begin;
      return this.#atom();
    };
    const from = this.#state();
    let to = from;
    let used = false;
    const next = (): Part => {
      if (used) return copy();
      used = true;
      return first;
    };
    for (let i = 0; i < least; i++) {
      const part = next();
      this.#arrow(to, part.from, 'nothing');
      to = part.to;
    }
    const end = this.#state();
    if (most < 0) {
      const part = next();
      this.#arrow(to, part.from, 'nothing');
      this.#arrow(part.to, part.from, 'nothing');
      this.#arrow(part.to, end, 'nothing');
    }
    for (let i = least; i < most; i++) {
      const part = next();
      this.#arrow(to, end, 'nothing');
      this.#arrow(to, part.from, 'nothing');
      to = part.to;
    }
    this.#arrow(to, end, 'nothing');
    return { from, to: end };
  }

  #atom(): Part {
    const sign = this.#text[this.#at++] as string;
    if (sign === '(') return this.#group();
    if (sign === '*' || sign === '+' || sign === '?')
      throw new Wrong(`has a "${sign}" at ${this.#at} that repeats nothing`);
    const part = { from: this.#state(), to: this.#state() };
    if (sign === '^') this.#arrow(part.from, part.to, 'begin');
    else if (sign === '$') this.#arrow(part.from, part.to, 'end');
    else if (sign === '_') {
      for (const on of ['begin', 'end', charactersOf(DELIMITERS)] as const)
        this.#arrow(part.from, part.to, on);
    } else this.#arrow(part.from, part.to, this.#characters(sign));
    return part;
  }

  #group(): Part {
    if (++this.#depth > 100) throw new Wrong('has more than 100 parentheses within each other');
    const at = this.#at;
    const part = this.#choice();
    if (this.#text[this.#at++] !== ')') throw new Wrong(`has a "(" at ${at} that is not closed`);
    this.#depth--;
    return part;
  }

  #characters(sign: string): Uint8Array {
    if (sign === '.') return new Uint8Array(CHARACTERS).fill(1);
    if (sign === '[') return this.#bracket();
    if (sign !== '\\') return charactersOf(sign);
    const escaped = this.#text[this.#at++];
    if (escaped === undefined) throw new Wrong('ends in a backslash');
    if (escaped === 'd') return charactersOf('0123456789');
    // POSIX leaves it open what these are; to take "\1" for a 1 would be to guess.
    if (/[a-z0-9]/i.test(escaped))
      throw new Wrong(`has "\\${escaped}" at ${this.#at - 1}, which is nothing here`);
    return charactersOf(escaped);
  }

  #bracket(): Uint8Array {
    const at = this.#at;
    const negated = this.#text[this.#at] === '^';
    if (negated) this.#at++;
    const set = new Uint8Array(CHARACTERS);
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      const from = this.#text[this.#at++];
      if (from === undefined) throw new Wrong(`has a "[" at ${at} that is not closed`);
      let to = from;
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        to = this.#text[this.#at + 1] ?? '';
        this.#at += 2;
      }
      if (to < from) throw new Wrong(`has [${from}-${to}] the wrong way round`);
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++)
        if (code < CHARACTERS) set[code] = 1;
    }
    this.#at++;
    if (negated) for (let code = 0; code < CHARACTERS; code++) set[code] = 1 - (set[code] as number);
    return set;
  }
}

function charactersOf(text: string): Uint8Array {
  const set = new Uint8Array(CHARACTERS);
  for (const sign of text) {
    const code = sign.charCodeAt(0);
    if (code >= CHARACTERS) throw new Wrong(`has a "${sign}", which stands in no AS path and no community`);
    set[code] = 1;
  }
  return set;
}

export class Pattern {
  readonly #states: readonly (readonly Arrow[])[];
  readonly #start: number;
  readonly #accept: number;
  /** Sets of states by their members, and by number: next set by character, -1: not made yet. */
  #numbers = new Map<string, number>();
  #members: number[][] = [];
  #next: Int32Array[] = [];
  /** By set: has the expression matched already, or would it at the end? */
  #matched: boolean[] = [];
  #matchesAtEnd: boolean[] = [];
  #first = -1;
  #now = 0;
  /** By number and set: [ number | set before, set behind ]; both below MOST_SETS. */
  readonly #steps = new Uint32Array(2 << 10).fill(NONE);

  /** Throws what `patternFault` says. */
  constructor(text: string) {
    const parser = new Parser(text);
    const whole = parser.parse();
    this.#states = parser.states;
    this.#start = whole.from;
    this.#accept = whole.to;
    this.begin();
  }

  /** Begins a text. */
  begin(): void {
    if (this.#first < 0) this.#first = this.#number(this.#closure([this.#start], true, false), true);
    this.#now = this.#first;
  }

  /** The text goes on with this character. */
  step(code: number): void {
    const now = this.#now;
    const row = this.#next[now] as Int32Array;
    const next = row[code] as number;
    this.#now = next >= 0 ? next : this.#make(now, code);
  }

  /** A number of the text, as it is written. The same ones come again and again: where they lead to is kept. */
  stepNumber(value: number): void {
    const now = this.#now;
    const slot = (Math.imul(value ^ (now << 16), 0x9e3779b1) >>> 22) * 2;
    const known = this.#steps;
    if (known[slot] === value && (known[slot + 1] as number) >>> 16 === now) {
      this.#now = (known[slot + 1] as number) & 0xffff;
      return;
    }
    const sets = this.#numbers;
    this.#spell(value);
    if (sets !== this.#numbers) return;
    known[slot] = value;
    known[slot + 1] = (now << 16) | this.#now;
  }

  #spell(value: number): void {
    let unit = 1;
    while (value >= unit * 10) unit *= 10;
    for (; unit >= 1; unit /= 10) this.step(48 + (Math.floor(value / unit) % 10));
  }

  /** Did it match, now that the text has ended? */
  end(): boolean {
    return this.#matchesAtEnd[this.#now] as boolean;
  }

  /** It has matched, whatever follows. */
  get decided(): boolean {
    return this.#matched[this.#now] as boolean;
  }

  matches(text: string): boolean {
    this.begin();
    for (let i = 0; i < text.length && !this.decided; i++)
      this.step(Math.min(text.charCodeAt(i), CHARACTERS - 1));
    return this.end();
  }

  #make(now: number, code: number): number {
    const members = this.#members[now] as number[];
    const reached: number[] = [];
    for (const state of members) {
      for (const { to, on } of this.#states[state] as readonly Arrow[])
        if (typeof on !== 'string' && on[code] === 1) reached.push(to);
    }
    // A match may begin anywhere; and one that was found stays found.
    const sticky = this.#matched[now] ? [this.#accept] : [];
    const closure = this.#closure([...reached, this.#start, ...sticky], false, false);
    if (this.#members.length >= MOST_SETS) {
      this.#forget();
      return this.#number(closure);
    }
    const next = this.#number(closure);
    (this.#next[now] as Int32Array)[code] = next;
    return next;
  }

  #forget(): void {
    this.#steps.fill(NONE);
    this.#numbers = new Map();
    this.#members = [];
    this.#next = [];
    this.#matched = [];
    this.#matchesAtEnd = [];
    this.#first = -1;
  }

  /** All states that can be reached without a character, in order. */
  #closure(from: readonly number[], begin: boolean, end: boolean): number[] {
    const found = new Set<number>(from);
    const open = [...found];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      for (const { to, on } of this.#states[state] as readonly Arrow[]) {
        const passes = on === 'nothing' || (on === 'begin' && begin) || (on === 'end' && end);
        if (!passes || found.has(to)) continue;
        found.add(to);
        open.push(to);
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  /** `begin`: of no character yet; a set of its own, as both ends are there in an empty text. */
  #number(members: number[], begin = false): number {
    const key = `${begin ? '^' : ''}${members}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#members.push(members) - 1;
    this.#numbers.set(key, number);
    this.#next.push(new Int32Array(CHARACTERS).fill(-1));
    this.#matched.push(members.includes(this.#accept));
    this.#matchesAtEnd.push(this.#closure(members, begin, true).includes(this.#accept));
    return number;
  }
}

/** What is wrong with an expression, in words; undefined: nothing. */
export function patternFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  try {
    new Pattern(text);
    return undefined;
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}
