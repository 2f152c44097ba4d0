/**
 * A simulated TCP connection between a neighbour and the line card: bytes each way with a window, FIN each way, and
 * RST.
 */
export class Pipe {
  readonly window: number;
  /** FIN: nothing comes behind what is in here. */
  ended = false;
  /** The reader is gone: what is written vanishes. */
  discarded = false;
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(window: number) {
    this.window = window;
  }

  get size(): number {
    return this.#size;
  }

  get room(): number {
    return this.window - this.#size;
  }

  /** Nothing comes any more. */
  get drained(): boolean {
    return this.ended && this.#size === 0;
  }

  write(bytes: Uint8Array): void {
    if (this.discarded || bytes.length === 0) return;
    this.#chunks.push(bytes.slice());
    this.#size += bytes.length;
  }

  /** Takes out up to so many bytes. */
  read(most: number): Uint8Array {
    const out = new Uint8Array(Math.min(most, this.#size));
    for (let at = 0; at < out.length; ) {
      const chunk = this.#chunks[0] as Uint8Array;
      const take = Math.min(chunk.length, out.length - at);
      out.set(chunk.subarray(0, take), at);
      at += take;
      if (take === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(take);
    }
    this.#size -= out.length;
    return out;
  }

  discard(): void {
    this.discarded = true;
    this.#chunks = [];
    this.#size = 0;
  }
}

export class Wire {
  /** Towards the line card, and towards the neighbour. */
  readonly up: Pipe;
  readonly down: Pipe;
  /** RST: both directions are dead. */
  reset = false;

  constructor(window: number) {
    this.up = new Pipe(window);
    this.down = new Pipe(window);
  }

  /** The neighbour is gone for good, without waiting for what comes. */
  abandon(rst: boolean): void {
    this.up.ended = true;
    this.down.discard();
    if (rst) {
      this.up.discard();
      this.reset = true;
    }
  }
}
