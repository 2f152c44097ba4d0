/**
 * Structure-aware mutation: a message is taken apart, its parts are changed, swapped with parts of others, left out and
 * doubled, and lengths are put right again, mostly. So most of what comes out gets past the first check that an octet
 * changed at random fails at. A small part is changed octet by octet all the same.
 */
import type { Random } from '../../src/base/random.ts';
import { MAX_MESSAGE, MessageType } from '../../src/bgp/message.ts';
import type { Corpus, ParsedUpdate, Piece } from './corpus.ts';

export const INTERESTING = [
  0, 1, 2, 3, 4, 5, 6, 8, 16, 17, 24, 31, 32, 33, 48, 64, 127, 128, 129, 224, 254, 255,
];
const AFIS = [0, 1, 1, 1, 2, 2, 2, 3, 25, 16388, 65535];
const SAFIS = [0, 1, 1, 1, 1, 2, 4, 5, 65, 70, 128, 133, 255];
const HOP_LENGTHS = [0, 4, 4, 12, 15, 16, 16, 24, 32, 32, 33, 48, 255];
const MP_TYPES = [14, 15];
const RATES = [0, 0.1, 0.1, 0.3, 1];

export class Mutator {
  /** Prefixes are written with path identifiers (RFC 7911). */
  paths = false;
  readonly #corpus: Corpus;
  /** How much is changed in the message that is being made: most that are taken have little. */
  #rate = 1;

  constructor(corpus: Corpus) {
    this.#corpus = corpus;
  }

  /** Some message, of any type; returns where it ends. */
  message(random: Random, into: Uint8Array, at: number): number {
    const dice = random.below(100);
    const start = at;
    if (dice < 70) at = this.update(random, into, at);
    else if (dice < 82) at = this.open(random, into, at);
    else {
      const whole = random.pick(this.#corpus.messages);
      into.set(whole, at);
      at += whole.length;
    }
    if (random.chance(0.12)) at = scramble(random, into, start, at, random.chance(0.8) ? start + 19 : start);
    return at;
  }

  update(random: Random, into: Uint8Array, at: number): number {
    this.#rate = random.pick(RATES);
    const seed = random.pick(this.#corpus.updates);
    const start = at;
    at = header(into, at, MessageType.Update);
    const withdrawnAt = at;
    at += 2;
    at = this.#field(
      random,
      random.chance(0.1 * this.#rate) ? random.pick(this.#corpus.fields) : seed.withdrawn,
      into,
      at,
    );
    putLength(random, this.#rate, into, withdrawnAt, at - withdrawnAt - 2);
    const attributesAt = at;
    at += 2;
    at = this.#attributes(random, seed, into, at);
    putLength(random, this.#rate, into, attributesAt, at - attributesAt - 2);
    at = this.#field(
      random,
      random.chance(0.1 * this.#rate) ? random.pick(this.#corpus.fields) : seed.nlri,
      into,
      at,
    );
    return finish(random, this.#rate, into, start, at);
  }

  open(random: Random, into: Uint8Array, at: number): number {
    this.#rate = random.pick(RATES);
    const seed = random.pick(this.#corpus.opens);
    const start = at;
    at = header(into, at, MessageType.Open);
    into.set(seed.fixed, at);
    if (random.chance(0.2 * this.#rate)) into[at + random.below(9)] = octet(random);
    at += seed.fixed.length;
    const extended = random.chance(0.2);
    const parametersAt = at;
    at += extended ? 4 : 1;
    const perParameter = random.chance(0.5);
    let parameterAt = -1;
    const close = (): void => {
      if (parameterAt < 0) return;
      const length = at - parameterAt - (extended ? 3 : 2);
      into[parameterAt] = random.chance(0.03 * this.#rate) ? octet(random) : 2;
      if (extended) into[parameterAt + 1] = length >>> 8;
      into[parameterAt + (extended ? 2 : 1)] = random.chance(0.03 * this.#rate) ? octet(random) : length;
    };
    for (const piece of this.#pieces(random, seed.capabilities, this.#corpus.capabilities, 6)) {
      if (parameterAt < 0 || perParameter) {
        close();
        parameterAt = at;
        at += extended ? 3 : 2;
      }
      const value = at + 2;
      at = this.#value(random, piece, into, value);
      into[value - 2] = random.chance(0.03 * this.#rate) ? octet(random) : piece.type;
      into[value - 1] = random.chance(0.04 * this.#rate) ? octet(random) : at - value;
    }
    close();
    const length = at - parametersAt - (extended ? 4 : 1);
    if (extended) {
      into[parametersAt] = 255;
      into[parametersAt + 1] = 255;
      putLength(random, this.#rate, into, parametersAt + 2, length);
    } else into[parametersAt] = random.chance(0.03 * this.#rate) ? octet(random) : length;
    return finish(random, this.#rate, into, start, at);
  }

  /** Which pieces, in which order: mostly the seed's. */
  *#pieces(random: Random, own: readonly Piece[], all: readonly Piece[], more: number): Generator<Piece> {
    const swap = random.chance(0.1 * this.#rate) ? random.below(own.length + 1) : -1;
    for (let i = 0; i < own.length; i++) {
      if (random.chance(0.06 * this.#rate)) continue;
      const piece = own[i === swap && i > 0 ? i - 1 : i] as Piece;
      yield piece;
      if (random.chance(0.03 * this.#rate)) yield piece;
      if (random.chance(0.08 * this.#rate)) yield random.pick(all);
    }
    if (random.chance(0.5 * this.#rate))
      for (let left = random.below(more); left > 0; left--) yield random.pick(all);
  }

  #attributes(random: Random, seed: ParsedUpdate, into: Uint8Array, at: number): number {
    const sorted = random.chance(0.3);
    let pieces = [...this.#pieces(random, seed.attributes, this.#corpus.attributes, 5)];
    if (sorted) pieces = pieces.sort((a, b) => a.type - b.type);
    for (const piece of pieces) {
      const wide = piece.value.length > 250 || random.chance(0.05);
      const value = at + (wide ? 4 : 3);
      const end = this.#value(random, piece, into, value);
      const length = end - value;
      let { flags, type } = piece;
      if (random.chance(0.04 * this.#rate)) flags = octet(random);
      if (random.chance(0.03 * this.#rate)) type = random.chance(0.5) ? octet(random) : random.pick(MP_TYPES);
      into[at] = wide || length > 255 ? flags | 0x10 : flags & 0xef;
      into[at + 1] = type;
      if (wide) putLength(random, this.#rate, into, at + 2, length);
      else into[at + 2] = random.chance(0.02 * this.#rate) ? octet(random) : length;
      at = end;
      if (at > 60_000) break;
    }
    return at;
  }

  #value(random: Random, { type, value }: Piece, into: Uint8Array, at: number): number {
    into.set(value, at);
    let end = at + value.length;
    if (!random.chance(0.25 * this.#rate)) return end;
    const dice = random.below(10);
    if (MP_TYPES.includes(type) && dice < 5 && value.length > 4)
      return this.#multiprotocol(random, type, into, at, end);
    if (dice < 4 && end > at) into[at + random.below(end - at)] = octet(random);
    else if (dice === 4) end -= random.below(Math.min(end - at, 9) + 1);
    else if (dice === 5) {
      const more = 1 + random.below(8);
      for (let i = 0; i < more; i++) into[end++] = octet(random);
    } else if (dice === 6 && end - at >= 4) {
      // As many as there are, again: long lists.
      const length = end - at;
      for (let times = random.below(random.chance(0.1) ? 60 : 3); times > 0 && end - at < 20_000; times--) {
        into.copyWithin(end, at, at + length);
        end += length;
      }
    } else if (dice === 7 && end - at >= 4) into.fill(random.chance(0.5) ? 0 : 255, end - 4, end);
    else if (dice === 8) end = at;
    else {
      const other = random.pick(this.#corpus.attributes).value;
      into.set(other, at);
      end = at + other.length;
    }
    return end;
  }

  /** Family, next hop and NLRI of an MP_ attribute, each right or wrong by itself. */
  #multiprotocol(random: Random, type: number, into: Uint8Array, at: number, end: number): number {
    const afi = random.pick(AFIS);
    if (random.chance(0.5)) {
      into[at] = afi >>> 8;
      into[at + 1] = afi;
    }
    if (random.chance(0.5)) into[at + 2] = random.pick(SAFIS);
    if (type === 15)
      return random.chance(0.5) ? this.#field(random, random.pick(this.#corpus.fields), into, at + 3) : end;
    if (random.chance(0.5)) return end;
    const hop = random.pick(HOP_LENGTHS);
    into[at + 3] = random.chance(0.03 * this.#rate) ? octet(random) : hop;
    for (let i = 0; i < hop; i++) into[at + 4 + i] = random.below(256);
    into[at + 4 + hop] = 0;
    return this.#field(random, random.pick(this.#corpus.fields), into, at + 5 + hop);
  }

  /** A row of prefixes. */
  #field(random: Random, field: Uint8Array, into: Uint8Array, at: number): number {
    const end = this.paths ? writeWithPaths(random, field, into, at) : at + field.length;
    if (!this.paths) into.set(field, at);
    if (field.length === 0 || !random.chance(0.15 * this.#rate)) return end;
    const dice = random.below(5);
    if (dice === 0) return end - 1;
    if (dice === 1) {
      into[end] = octet(random);
      return end + 1;
    }
    if (dice === 2) {
      const other = random.pick(this.#corpus.fields);
      into.set(other, end);
      return end + other.length;
    }
    into[at + random.below(field.length)] = octet(random);
    return end;
  }
}

/** A few identifiers, so that they come again; returns where the field ends. */
function writeWithPaths(random: Random, field: Uint8Array, into: Uint8Array, at: number): number {
  for (let from = 0; from < field.length; ) {
    const next = from + 1 + (((field[from] as number) + 7) >> 3);
    into.set([0, 0, 0, random.below(5)], at);
    into.set(field.subarray(from, next), at + 4);
    at += 4 + Math.min(next, field.length) - from;
    from = next;
  }
  return at;
}

function octet(random: Random): number {
  return random.chance(0.5) ? random.pick(INTERESTING) : random.below(256);
}

function header(into: Uint8Array, at: number, type: number): number {
  into.fill(255, at, at + 16);
  into[at + 18] = type;
  return at + 19;
}

function putLength(random: Random, rate: number, into: Uint8Array, at: number, length: number): void {
  if (random.chance(0.02 * rate)) length = Math.max(0, length + random.below(9) - 4);
  into[at] = length >>> 8;
  into[at + 1] = length;
}

function finish(random: Random, rate: number, into: Uint8Array, start: number, end: number): number {
  const length = end - start;
  into[start + 16] = length >>> 8;
  into[start + 17] = length;
  if (random.chance(0.02 * rate)) into[start + 16 + random.below(3)] = octet(random);
  return length > MAX_MESSAGE && random.chance(0.5) ? start + MAX_MESSAGE : end;
}

/** Some octets of [from, end) changed, put in or cut off. */
function scramble(random: Random, into: Uint8Array, start: number, end: number, from: number): number {
  if (end <= from) return end;
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = from + random.below(end - from);
    const kind = random.below(24);
    if (kind === 0 && at > from) end = at;
    else if (kind === 1) {
      into.copyWithin(at + 1, at, end++);
      into[at] = octet(random);
    } else into[at] = kind < 12 ? octet(random) : into[at]! ^ (1 << random.below(8));
    if (end <= from) return end;
  }
  // The frame still fits, mostly: what is behind it is to be reached.
  if (random.chance(0.9) && from > start + 18) {
    into[start + 16] = (end - start) >>> 8;
    into[start + 17] = end - start;
  }
  return end;
}
