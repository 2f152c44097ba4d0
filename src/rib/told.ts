/**
 * What a neighbour was told of a prefix, as a word of an out view (adj-rib-out.ts): an attribute set as it was sent, or
 * one as it was received and the recipe by which that was rewritten.
 *
 *    31   30 … 27   26 … 0
 *   ┌───┬─────────┬────────┐   recipe 0: the set itself; 1 to 14: what the box's recipe of that number makes of the set:
 *   │ 0 │ recipe  │ AttrId │   our AS in front of the path, our next hop; 15: UNKNOWN
 *   └───┴─────────┴────────┘
 *
 * So what external neighbours are told, where no policy changes it on export, needs no set of its own in the dictionary: it is rewritten
 * where the UPDATE is written. Recipes are the box's, once and for all, so that a word says the same to whoever reads it: another blade
 * after a graft or a death, the chassis, or a blade whose rules for the neighbour are others by now. A recipe is for sets whose trait is
 * not 0 (attribute-row.ts): what comes of them is told in any case, and is the same only where at most their next hops differ. As ids can
 * differ then where what was told does not, `same` compares octets where the traits do not say it already.
 */
import { assert } from '../base/assert.ts';
import { dataViewOf } from '../base/octets.ts';
import { CANONICAL_ROOM } from '../bgp/canonical.ts';
import { type ExportOptions, exportAttributes } from '../bgp/export.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { RECIPE, RECIPES } from '../fabric/layout.ts';
import { UNKNOWN } from './adj-rib-out.ts';
import { ATTRIBUTE_MASK } from './route-word.ts';

const RECIPE_SHIFT = 27;
/** Octets that a recipe adds to a set at most: two ASes, a segment for them, longer heads, a longer next hop. */
const LONGER = 64;
const RECIPE_STATE = { free: 0, written: 1, there: 2 } as const;

/**
 * The bits of the recipe that external neighbours are told by; 0 where there are 14 others already, or what they are told is no
 * matter of a recipe. A recipe stays: who is told by it may be anybody.
 */
export function recipeFor({ recipes }: Fabric, options: ExportOptions): number {
  const words = wordsOf(options);
  if (words === undefined) return 0;
  for (let recipe = 1; recipe <= RECIPES; recipe++) {
    const at = recipe * RECIPE.words;
    const state = Atomics.compareExchange(recipes, at, RECIPE_STATE.free, RECIPE_STATE.written);
    if (state === RECIPE_STATE.free) {
      recipes.set(words, at + 1);
      Atomics.store(recipes, at, RECIPE_STATE.there);
      return recipe << RECIPE_SHIFT;
    }
    // One that is being written is passed by: two recipes may be the same, and so what is told by them.
    if (state === RECIPE_STATE.there && words.every((word, i) => recipes[at + 1 + i] === word))
      return recipe << RECIPE_SHIFT;
  }
  return 0;
}

/** How many recipes there are. What more kinds of neighbours are told needs sets of its own. */
export function recipesUsed({ recipes }: Fabric): number {
  let used = 0;
  for (let recipe = 1; recipe <= RECIPES; recipe++)
    if (Atomics.load(recipes, recipe * RECIPE.words) !== RECIPE_STATE.free) used++;
  return used;
}

/** A recipe's words but for its state. */
function wordsOf({
  external,
  nextHopSelf,
  transparent,
  localAs,
  behindAs = 0,
  nextHop4,
  nextHop16,
}: ExportOptions): Int32Array | undefined {
  if (!external || !nextHopSelf || transparent === true) return undefined;
  if (nextHop4?.length !== 4 || nextHop16 === undefined) return undefined;
  const words = new Int32Array(RECIPE.words - 1);
  words[RECIPE.localAs - 1] = localAs;
  words[RECIPE.behindAs - 1] = behindAs;
  words[RECIPE.hop6Octets - 1] = nextHop16.length;
  const bytes = new Uint8Array(words.buffer);
  bytes.set(nextHop4, (RECIPE.hop4 - 1) * 4);
  bytes.set(nextHop16, (RECIPE.hop6 - 1) * 4);
  return words;
}

/** As `Exporter` writes them, in the same order: V8 compiles the rewriting for objects of one shape. */
function optionsOf({ recipes }: Fabric, recipe: number): ExportOptions {
  const at = recipe * RECIPE.words;
  const bytes = new Uint8Array(Int32Array.from(recipes.subarray(at, at + RECIPE.words)).buffer);
  const octets = (word: number, length: number): Uint8Array => bytes.slice(word * 4, word * 4 + length);
  const behindAs = (recipes[at + RECIPE.behindAs] as number) >>> 0;
  return {
    external: true,
    localAs: (recipes[at + RECIPE.localAs] as number) >>> 0,
    behindAs: behindAs === 0 ? undefined : behindAs,
    stale: 'told',
    nextHopSelf: true,
    nextHop4: octets(RECIPE.hop4, 4),
    nextHop16: octets(RECIPE.hop6, recipes[at + RECIPE.hop6Octets] as number),
    passBlackhole: undefined,
    keepMed: undefined,
    transparent: false,
    extendedNextHop: undefined,
  };
}

export class Told {
  readonly fabric: Fabric;
  /** The canonical set that the word last taken stands for: bytes[start, end), good until the next one is. */
  bytes: Uint8Array;
  start = 0;
  end = 0;
  readonly #options: (ExportOptions | undefined)[] = new Array(RECIPES + 1).fill(undefined);
  /** What comes of a set, and, to be compared with it, of another one. */
  readonly #made = new Uint8Array(CANONICAL_ROOM);
  readonly #other = new Uint8Array(CANONICAL_ROOM);

  constructor(fabric: Fabric) {
    this.fabric = fabric;
    this.bytes = fabric.attributes.bytes;
  }

  /** Makes what a word stands for. */
  take(word: number): void {
    this.#take(word, this.#made);
  }

  #take(word: number, room: Uint8Array): void {
    const { attributes } = this.fabric;
    const set = word & ATTRIBUTE_MASK;
    this.bytes = attributes.bytes;
    this.start = attributes.offsetOf(set);
    this.end = this.start + attributes.lengthOf(set);
    if (word === set) return;
    const options = this.#optionsOf(word >>> RECIPE_SHIFT);
    const length = exportAttributes(attributes.bytes, this.start, this.end, options, room, 0);
    assert(length > 0, 'a set that a recipe is for is told');
    this.bytes = room;
    this.start = 0;
    this.end = length;
  }

  #optionsOf(recipe: number): ExportOptions {
    return (this.#options[recipe] ??= optionsOf(this.fabric, recipe));
  }

  /** Octets of what a word stands for, at most. */
  lengthOf(word: number): number {
    const set = word & ATTRIBUTE_MASK;
    const length = this.fabric.attributes.lengthOf(set);
    return word === set ? length : length + LONGER;
  }

  /** Do two different words, which may be 0 or UNKNOWN, stand for the same? Never where neither has a recipe. */
  same(a: number, b: number): boolean {
    if ((a | b) <= ATTRIBUTE_MASK || a === 0 || b === 0 || a === UNKNOWN || b === UNKNOWN) return false;
    const { traits } = this.fabric.attributes;
    const oneRecipe = (a ^ b) <= ATTRIBUTE_MASK;
    if (oneRecipe && traits[a & ATTRIBUTE_MASK] !== traits[b & ATTRIBUTE_MASK]) return false;
    this.#take(a, this.#other);
    const { bytes, start, end } = this;
    this.take(b);
    return sameSet(bytes, start, end, this.bytes, this.start, this.end);
  }
}

function sameSet(a: Uint8Array, start: number, end: number, b: Uint8Array, at: number, to: number): boolean {
  if (end - start !== to - at) return false;
  const [x, y] = [dataViewOf(a), dataViewOf(b)];
  for (; start < end; start++, at++) if (x.getUint8(start) !== y.getUint8(at)) return false;
  return true;
}
