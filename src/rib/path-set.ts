/**
 * What a neighbour was told of a prefix where it is told several paths (RFC 7911): a set of pairs, interned like an attribute
 * set, so that one word of an out view says it and equal sets are equal words.
 *
 *   flags, type 255, length │ path identifier, AttrId as sent │ path identifier, AttrId │ …      by ascending identifier
 *
 * The path identifier that we give a path is its source (session or lane) + 1: it stays the same whatever its rank. No attribute
 * set that can be announced looks like this: it has no ORIGIN.
 */
import { putU16, putU32, u16, u32 } from '../bgp/bytes.ts';
import type { Fabric } from '../fabric/fabric.ts';

/** Paths of a prefix that a neighbour is told at most. */
export const MOST_PATHS = 128;

/** RFC 4271 has no such attribute, and nobody is assigned one (reserved for development). */
const TYPE = 255;
const FLAGS = 0xd0;
const HEADER = 4;
const PAIR = 8;
/** A set of which the one part is told already and the other still. */
const ROOM = 2 * MOST_PATHS;
const scratch = new Uint8Array(HEADER + PAIR * ROOM);

export class PathSet {
  count = 0;
  readonly path = new Int32Array(ROOM);
  readonly attribute = new Int32Array(ROOM);

  clear(): void {
    this.count = 0;
  }

  /** Adds a path, or gives the one with this identifier other attributes; in order. */
  put(path: number, attribute: number): void {
    let at = this.count;
    while (at > 0 && (this.path[at - 1] as number) > path) at--;
    if (at > 0 && this.path[at - 1] === path) {
      this.attribute[at - 1] = attribute;
      return;
    }
    this.path.copyWithin(at + 1, at, this.count);
    this.attribute.copyWithin(at + 1, at, this.count);
    this.path[at] = path;
    this.attribute[at] = attribute;
    this.count++;
  }

  remove(path: number): void {
    for (let at = 0; at < this.count; at++) {
      if (this.path[at] !== path) continue;
      this.path.copyWithin(at, at + 1, this.count);
      this.attribute.copyWithin(at, at + 1, this.count);
      this.count--;
      return;
    }
  }

  /** The AttrId of a path; 0: it is not there. */
  attributeOf(path: number): number {
    for (let at = 0; at < this.count; at++) if (this.path[at] === path) return this.attribute[at] as number;
    return 0;
  }

  /** Takes what a word of an out view says; 0: nothing. */
  read({ attributes }: Fabric, set: number): void {
    this.count = 0;
    if (set === 0) return;
    const { bytes } = attributes;
    const start = attributes.offsetOf(set);
    const count = u16(bytes, start + 2) / PAIR;
    for (let at = start + HEADER; this.count < count; at += PAIR, this.count++) {
      this.path[this.count] = u32(bytes, at);
      this.attribute[this.count] = u32(bytes, at + 4);
    }
  }

  /** The word for it: 0 for nothing, -1 where the dictionary is full. */
  intern({ attributes }: Fabric): number {
    if (this.count === 0) return 0;
    scratch[0] = FLAGS;
    scratch[1] = TYPE;
    putU16(scratch, 2, this.count * PAIR);
    for (let i = 0; i < this.count; i++) {
      putU32(scratch, HEADER + i * PAIR, this.path[i] as number);
      putU32(scratch, HEADER + i * PAIR + 4, this.attribute[i] as number);
    }
    const set = attributes.intern(scratch, 0, HEADER + this.count * PAIR);
    return set === 0 ? -1 : set;
  }
}

/** Does a word of an out view stand for a set of paths? */
export function isPathSet({ attributes }: Fabric, set: number): boolean {
  return attributes.bytes[attributes.offsetOf(set) + 1] === TYPE;
}
