import { CANONICAL_ROOM, canonicalize, type UpdateOptions, type UpdateView } from '../bgp/update.ts';
import type { AttributeDictionary } from '../fabric/attributes.ts';

const scratch = new Uint8Array(CANONICAL_ROOM);

/**
 * The AttrId of the routes in the body (mp false) or in MP_REACH_NLRI (mp true) of a message that decodeUpdate found
 * usable; 0 when the dictionary is full. Attributes in canonical form are taken from the message itself.
 */
export function internAttributes(
  dictionary: AttributeDictionary,
  bytes: Uint8Array,
  view: UpdateView,
  options: UpdateOptions,
  mp: boolean,
): number {
  if (view.plain && view.reachAfi === 0) return dictionary.intern(bytes, view.lowStart, view.attributesEnd);
  return dictionary.intern(scratch, 0, canonicalize(bytes, view, options, mp, scratch, 0));
}
