/**
 * What is told of an attribute set, by AttrId: in chunks that exist once they are touched, as ids come in their order. 4 bytes a set that
 * came, and all are remembered: what becomes of one is made once, and so is one set.
 */
import type { Fabric } from '../fabric/fabric.ts';

const CHUNK_BITS = 12;
const CHUNK = 1 << CHUNK_BITS;
const NONE = new Int32Array(CHUNK);
/** It is known that nothing is told. */
const NOTHING = -1;

export class ToldSets {
  readonly #chunks: Int32Array[];

  constructor({ options }: Fabric) {
    this.#chunks = new Array(Math.ceil(options.attributes / CHUNK)).fill(NONE);
  }

  /** AttrId that is told; 0: nothing is; -1: it is not known. */
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
