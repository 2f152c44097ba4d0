/**
 * The bytes that a session received and nobody has looked at yet: read by the kernel straight into slabs of a
 * megabyte, one behind another. Slabs go from run to run, so that their memory is touched before the clock starts.
 */
const SLAB = 1 << 20;
/** A read gets at least this much room; what is less at the end of a slab stays unused. */
const ROOM = 1 << 16;

export class SlabPool {
  readonly #free: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(SLAB);
  }

  give(slab: Uint8Array): void {
    this.#free.push(slab);
  }

  /** Makes sure of so many bytes whose memory the operating system has given already. */
  reserve(bytes: number): void {
    while (this.#free.length * SLAB < bytes) this.#free.push(new Uint8Array(SLAB).fill(1));
  }
}

export interface Piece {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

export class Inbox {
  readonly #pool: SlabPool;
  #full: Piece[] = [];
  #slab: Uint8Array;
  /** What nobody has looked at is [from, to) of the slab; the next read goes to `to`. */
  #from = 0;
  #to = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
    this.#slab = pool.take();
  }

  /** Where the next read goes. */
  room(): Uint8Array {
    if (this.#slab.length - this.#to < ROOM) {
      this.#full.push(this.#piece());
      this.#slab = this.#pool.take();
      this.#from = this.#to = 0;
    }
    return this.#slab.subarray(this.#to);
  }

  /** So many bytes were read into it. */
  filled(count: number): void {
    this.#to += count;
  }

  /** All that came, in order; valid until `clear`. */
  pieces(): Piece[] {
    return [...this.#full, this.#piece()];
  }

  /** Forgets what came. The last slab stays, because a read may wait with it. */
  clear(): void {
    for (const { bytes } of this.#full) this.#pool.give(bytes);
    this.#full = [];
    this.#from = this.#to;
  }

  /** To be called when the socket is closed. */
  free(): void {
    this.clear();
    this.#pool.give(this.#slab);
  }

  #piece(): Piece {
    return { bytes: this.#slab, from: this.#from, to: this.#to };
  }
}
