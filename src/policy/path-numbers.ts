/**
 * Expressions over AS paths that ask for nothing but a number, wherever it stands: `_65000_`, `_(6451[2-9]|645[2-9][0-9])_`. They are
 * the most common ones, for private ASes, and for those of a customer; and all that they say is a list of ranges, so that of a path
 * each AS is looked up, and no character of it.
 */
import type { Range } from './language.ts';

/** A digit of a number: from, to. A number is one after the other. */
type Digits = readonly Range[];

/** Ways to spell a number that an expression has at most, and ranges; one with more is read by characters. */
const MOST = 4096;
/** Digits of a number, and so of a way to spell it. */
const LONGEST = 10;
const LARGEST = 0xffffffff;

/** Ranges in order, which do not touch; undefined: the expression asks for something else. */
export function numbersOf(text: string): readonly Range[] | undefined {
  const inner = /^_([0-9[\]()|?-]+)_$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  const ways = new Spelling(inner).read();
  if (ways === undefined || ways.some((way) => way.length === 0)) return undefined;
  const ranges: Range[] = [];
  for (const way of ways) {
    const more = rangesOf(way);
    if (more === undefined || ranges.length + more.length > MOST) return undefined;
    ranges.push(...more);
  }
  return joined(ranges);
}

/** The same numbers in ranges that stand in order, and do not touch. */
export function joined(ranges: readonly Range[]): readonly Range[] {
  const result: [number, number][] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

class Spelling {
  readonly #text: string;
  #at = 0;
  #tooMany = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Outside of parentheses a bar would part one end of the expression from the other. */
  read(): Digits[] | undefined {
    const ways = this.#sequence();
    return this.#at < this.#text.length || this.#tooMany ? undefined : ways;
  }

  #sequence(): Digits[] {
    let ways: Digits[] = [[]];
    while (this.#at < this.#text.length && !')|'.includes(this.#text[this.#at] as string)) {
      let next = this.#atom();
      while (this.#text[this.#at] === '?') {
        this.#at++;
        next = [[], ...next];
      }
      if (ways.length * next.length > MOST) return this.#give();
      ways = ways.flatMap((way) => next.map((more) => [...way, ...more]));
      if (ways.some(({ length }) => length > LONGEST)) return this.#give();
    }
    return ways;
  }

  #atom(): Digits[] {
    const sign = this.#text[this.#at++] as string;
    if (sign === '(') return this.#group();
    if (sign === '[') return this.#bracket();
    if (sign < '0' || sign > '9') return this.#give();
    return [[[Number(sign), Number(sign)]]];
  }

  #group(): Digits[] {
    const ways: Digits[] = [];
    do {
      ways.push(...this.#sequence());
      if (ways.length > MOST) return this.#give();
    } while (!this.#tooMany && this.#text[this.#at++] === '|');
    return this.#text[this.#at - 1] === ')' ? ways : this.#give();
  }

  #bracket(): Digits[] {
    const end = this.#text.indexOf(']', this.#at + 1);
    const found = /^(?:[0-9](?:-[0-9])?)+$/.exec(this.#text.slice(this.#at, end));
    if (end < 0 || found === null) return this.#give();
    this.#at = end + 1;
    return [...found[0].matchAll(/([0-9])(?:-([0-9]))?/g)].map(([, from = '', to = from]) => [
      [Number(from), Number(to)],
    ]);
  }

  /** What is there is read by characters. */
  #give(): Digits[] {
    this.#tooMany = true;
    this.#at = this.#text.length;
    return [];
  }
}

/** Digits behind one that may be several must all be any for the numbers to follow each other; else each is a range of its own. */
function rangesOf(way: Digits): Range[] | undefined {
  const [first, ...rest] = way as readonly [Range, ...Range[]];
  // Numbers are written without zeros in front.
  const heads: Range = rest.length > 0 ? [Math.max(first[0], 1), first[1]] : first;
  let ranges: Range[] = heads[0] <= heads[1] ? [heads] : [];
  for (const [from, to] of rest) {
    if (from === 0 && to === 9) ranges = ranges.map(([low, high]) => [low * 10, high * 10 + 9]);
    else {
      if (ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0) > MOST) return undefined;
      ranges = ranges.flatMap(([low, high]) =>
        Array.from({ length: high - low + 1 }, (_, i): Range => [(low + i) * 10 + from, (low + i) * 10 + to]),
      );
    }
  }
  return ranges.filter(([from]) => from <= LARGEST).map(([from, to]) => [from, Math.min(to, LARGEST)]);
}
