/**
 * Typed arrays in shared memory, and sinks that grow while something is written.
 *
 * Tables and feeds of the laboratory are made once, often on another thread, and then read by speakers on
 * any thread: so every finished array stands in a SharedArrayBuffer, and a message to another thread hands
 * over a reference.
 */

export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}

export function sharedWords(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

/** Bytes written one after another; `bytes` moves when it grows, so take it anew after `reserve`. */
export class ByteSink {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `more` bytes behind `length`. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value & 0xff);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  put(source: Uint8Array, from = 0, to = source.length): void {
    this.reserve(to - from);
    const { bytes } = this;
    for (let i = from, at = this.length; i < to; i++, at++) bytes[at] = source[i] as number;
    this.length += to - from;
  }

  finish(): Uint8Array {
    const done = sharedBytes(this.length);
    done.set(this.bytes.subarray(0, this.length));
    return done;
  }
}

/** 32-bit words written one after another. */
export class WordSink {
  words: Uint32Array;
  length = 0;

  constructor(capacity = 1 << 14) {
    this.words = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.words.length) {
      const grown = new Uint32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words[this.length++] = value;
  }

  finish(): Uint32Array {
    const done = sharedWords(this.length);
    done.set(this.words.subarray(0, this.length));
    return done;
  }
}
