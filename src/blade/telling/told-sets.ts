/**
 * What is told of an attribute set, by AttrId: made once, and found here again. Either of all sets, 4 bytes each, in chunks that exist once
 * they are touched, as ids come in their order; or of the last thousands, as routes come in bursts that share a set, where
 * many exporters would remember much.
 */
import type { Fabric } from '../../fabric/fabric.ts';

export interface ToldSets {
  /** AttrId that is told; 0: nothing is; -1: it is not known. */
  get(attribute: number): number;
  set(attribute: number, told: number): void;
  clear(): void;
}

const CHUNK_BITS = 12;
const CHUNK = 1 << CHUNK_BITS;
const NONE = new Int32Array(CHUNK);
/** It is known that nothing is told. */
const NOTHING = -1;

export class AllTold implements ToldSets {
  readonly #chunks: Int32Array[];

  constructor({ options }: Fabric) {
    this.#chunks = new Array((options.attributes >>> CHUNK_BITS) + 1).fill(NONE);
  }

  get(attribute: number): number {
    const held = (this.#chunks[attribute >>> CHUNK_BITS] as Int32Array)[attribute & (CHUNK - 1)] as number;
    return held > 0 ? held : held === NOTHING ? 0 : -1;
  }

  set(attribute: number, told: number): void {
    let chunk = this.#chunks[attribute >>> CHUNK_BITS] as Int32Array;
    if (chunk === NONE) this.#chunks[attribute >>> CHUNK_BITS] = chunk = new Int32Array(CHUNK);
    chunk[attribute & (CHUNK - 1)] = told === 0 ? NOTHING : told;
  }

  clear(): void {
    for (const chunk of this.#chunks) if (chunk !== NONE) chunk.fill(0);
  }
}

const RECENT = 1 << 14;

/** Direct-mapped: each set has one place. */
export class LastTold implements ToldSets {
  readonly #keys = new Uint32Array(RECENT);
  readonly #values = new Uint32Array(RECENT);

  get(attribute: number): number {
    const at = attribute & (RECENT - 1);
    return this.#keys[at] === attribute ? (this.#values[at] as number) : -1;
  }

  set(attribute: number, told: number): void {
    const at = attribute & (RECENT - 1);
    this.#keys[at] = attribute;
    this.#values[at] = told;
  }

  clear(): void {
    this.#keys.fill(0);
  }
}

/** A bit by AttrId: so few octets that they stay near, whatever order is asked in. */
export class SetBits {
  #words = new Uint32Array(0);

  has(attribute: number): boolean {
    const word = attribute >>> 5;
    return word < this.#words.length && (((this.#words[word] as number) >>> (attribute & 31)) & 1) !== 0;
  }

  add(attribute: number): void {
    const word = attribute >>> 5;
    if (word >= this.#words.length) {
      const larger = new Uint32Array(2 * (word + 1));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[word] = (this.#words[word] as number) | (1 << (attribute & 31));
  }

  clear(): void {
    this.#words.fill(0);
  }
}
