/** Where attributes stand in a canonical set: walks over [start, end) of canonical octets (canonical.ts), which are taken to be right. */
import * as table from './attribute-table.ts';
import { u16 } from './bytes.ts';

export {
  AS_TRANS,
  AttributeFlag,
  AttributeType,
  attributeName,
  Community,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Origin,
  Segment,
  WELL_KNOWN,
} from './attribute-table.ts';

// A constant of this module: the JIT compiler folds it, but looks an import up each time.
const { AttributeFlag } = table;

/** RFC 4271 9.1.1 leaves the degree of preference of a route without LOCAL_PREF to us; 100 is the custom. */
export const DEFAULT_LOCAL_PREF = 100;

/** Where the value of the attribute at `at` begins, and how long it is. */
export function valueStart(bytes: Uint8Array, at: number): number {
  return bytes[at]! & AttributeFlag.ExtendedLength ? at + 4 : at + 3;
}

export function valueLength(bytes: Uint8Array, at: number): number {
  return bytes[at]! & AttributeFlag.ExtendedLength ? u16(bytes, at + 2) : bytes[at + 2]!;
}

/** Where the attribute of that type begins in a canonical set, or -1. */
export function findAttribute(bytes: Uint8Array, start: number, end: number, type: number): number {
  for (let at = start; at < end; ) {
    if (bytes[at + 1]! >= type) return bytes[at + 1] === type ? at : -1;
    at = valueStart(bytes, at) + valueLength(bytes, at);
  }
  return -1;
}
