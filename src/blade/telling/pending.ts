/**
 * The prefixes that wait to be sent to an update group, each once, first in first out, in two classes: what comes from a
 * neighbour that sends little goes before what comes out of a flood. A single change does not wait for a full table, and
 * what floods change again and again is looked at when its turn comes.
 */
import { FifoSet } from '../../fabric/fifo-set.ts';

export class Pending {
  #first = new FifoSet();
  #rest = new FifoSet();

  get size(): number {
    return this.#first.size + this.#rest.size;
  }

  /** The next ones are of those that go first. One of them may be among the others too: do not send both in one batch. */
  get urgent(): boolean {
    return this.#first.size > 0;
  }

  has(id: number): boolean {
    return this.#first.has(id) || this.#rest.has(id);
  }

  add(id: number): void {
    if (this.#first.size === 0 || !this.#first.has(id)) this.#rest.add(id);
  }

  addAll(ids: Int32Array, count: number): void {
    if (this.#first.size === 0) this.#rest.addAll(ids, count);
    else for (let i = 0; i < count; i++) this.add(ids[i] as number);
  }

  addUrgent(id: number): void {
    this.#first.add(id);
  }

  /** The next one, taken out; -1 when empty. */
  shift(): number {
    return this.#first.size > 0 ? this.#first.shift() : this.#rest.shift();
  }

  /** The next ones of the class that the next one is of, taken out, so many at most; how many. */
  shiftSome(into: Int32Array, most: number): number {
    return (this.urgent ? this.#first : this.#rest).shiftAll(into, most);
  }

  *[Symbol.iterator](): Generator<number> {
    yield* this.#first;
    yield* this.#rest;
  }

  copy(): Pending {
    const copy = new Pending();
    copy.#first = this.#first.copy();
    copy.#rest = this.#rest.copy();
    return copy;
  }
}
