/**
 * An AS of its own towards one neighbour, while a network changes its number: what it tells has that AS in front of its path inside,
 * and what it is told has it in front of the real one, as if there were such an AS between the two.
 */

import { AttributeType } from './attribute-table.ts';
import { findAttribute, valueLength, valueStart } from './attributes.ts';
import { copy } from './bytes.ts';
import { prependTo } from './export.ts';

/** Writes the canonical set [start, end) with an AS more in front of its path; returns where it ends. */
export function withAs(
  bytes: Uint8Array,
  start: number,
  end: number,
  as: number,
  into: Uint8Array,
  at: number,
): number {
  const path = findAttribute(bytes, start, end, AttributeType.AsPath);
  if (path < 0) return copy(bytes, start, end, into, at);
  const value = valueStart(bytes, path);
  const next = value + valueLength(bytes, path);
  const behind = prependTo(bytes, value, next, as, into, copy(bytes, start, path, into, at));
  // There is no room for another one: it stays as it is.
  if (behind < 0) return copy(bytes, start, end, into, at);
  return copy(bytes, next, end, into, behind);
}
