/**
 * A set of ids that remembers in which order they came, each once: what waits for a sibling or a neighbour
 * (I4: never a queue of history). On one thread's heap. 1 bit an id in pages that exist when touched, and 4 bytes
 * for each member.
 */
const PAGE_IDS_BITS = 15;

export class FifoSet {
  #bits: (Uint32Array | undefined)[] = [];
  #queue = new Uint32Array(64);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const page = this.#bits[id >>> PAGE_IDS_BITS];
    return page !== undefined && ((page[(id >>> 5) & 1023] as number) & (1 << (id & 31))) !== 0;
  }

  /** False when it was in already. */
  add(id: number): boolean {
    let page = this.#bits[id >>> PAGE_IDS_BITS];
    if (page === undefined) page = this.#bits[id >>> PAGE_IDS_BITS] = new Uint32Array(1024);
    const word = (id >>> 5) & 1023;
    const bit = 1 << (id & 31);
    if (((page[word] as number) & bit) !== 0) return false;
    page[word] = (page[word] as number) | bit;
    if (this.#size === this.#queue.length) this.#grow();
    this.#queue[(this.#head + this.#size) & (this.#queue.length - 1)] = id;
    this.#size++;
    return true;
  }

  /** Adds the first `count` of these. */
  addAll(ids: Int32Array, count: number): void {
    while (this.#size + count > this.#queue.length) this.#grow();
    const bits = this.#bits;
    const queue = this.#queue;
    const mask = queue.length - 1;
    let tail = this.#head + this.#size;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      let page = bits[id >>> PAGE_IDS_BITS];
      if (page === undefined) page = bits[id >>> PAGE_IDS_BITS] = new Uint32Array(1024);
      const word = (id >>> 5) & 1023;
      const held = page[word] as number;
      const bit = 1 << (id & 31);
      if ((held & bit) !== 0) continue;
      page[word] = held | bit;
      queue[tail++ & mask] = id;
    }
    this.#size = tail - this.#head;
  }

  /** The oldest member, taken out; -1 when empty. */
  shift(): number {
    if (this.#size === 0) return -1;
    const id = this.#queue[this.#head] as number;
    this.#head = (this.#head + 1) & (this.#queue.length - 1);
    this.#size--;
    const page = this.#bits[id >>> PAGE_IDS_BITS] as Uint32Array;
    const word = (id >>> 5) & 1023;
    page[word] = (page[word] as number) & ~(1 << (id & 31));
    if (this.#size === 0 && this.#queue.length > 65536) this.clear();
    return id;
  }

  /** The oldest members, taken out, so many at most; how many. */
  shiftAll(into: Int32Array, most: number): number {
    const count = Math.min(most, this.#size);
    const queue = this.#queue;
    const mask = queue.length - 1;
    const head = this.#head;
    for (let i = 0; i < count; i++) {
      const id = queue[(head + i) & mask] as number;
      const page = this.#bits[id >>> PAGE_IDS_BITS] as Uint32Array;
      const word = (id >>> 5) & 1023;
      page[word] = (page[word] as number) & ~(1 << (id & 31));
      into[i] = id;
    }
    this.#head = (head + count) & mask;
    this.#size -= count;
    if (this.#size === 0 && queue.length > 65536) this.clear();
    return count;
  }

  /** The n-th oldest member, for reading along. */
  at(n: number): number {
    return this.#queue[(this.#head + n) & (this.#queue.length - 1)] as number;
  }

  clear(): void {
    this.#bits = [];
    this.#queue = new Uint32Array(64);
    this.#head = 0;
    this.#size = 0;
  }

  /** All members, oldest first. */
  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.#size; i++) yield this.at(i);
  }

  copy(): FifoSet {
    const copy = new FifoSet();
    // Many may wait, and this is done in one turn: words are moved, and not members added.
    copy.#bits = this.#bits.map((page) => page?.slice());
    let places = this.#queue.length;
    while (places > 64 && places >> 1 >= this.#size) places >>= 1;
    copy.#queue = this.#inOrder(places);
    copy.#size = this.#size;
    return copy;
  }

  #grow(): void {
    this.#queue = this.#inOrder(this.#queue.length * 2);
    this.#head = 0;
  }

  /** The members, oldest first, in a queue of so many places. */
  #inOrder(places: number): Uint32Array<ArrayBuffer> {
    const queue = new Uint32Array(places);
    const end = this.#head + this.#size;
    const { length } = this.#queue;
    queue.set(this.#queue.subarray(this.#head, Math.min(end, length)));
    if (end > length) queue.set(this.#queue.subarray(0, end - length), length - this.#head);
    return queue;
  }
}
