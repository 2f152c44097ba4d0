import { withAs } from '../bgp/local-as.ts';
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
  const { prependAs } = options;
  if (prependAs !== undefined) return internWithAs(dictionary, bytes, view, options, mp, prependAs);
  if (view.plain && view.reachAfi === 0)
    return dictionary.intern(bytes, view.lowStart, view.attributesEnd, true);
  return dictionary.intern(scratch, 0, canonicalize(bytes, view, options, mp, scratch, 0), true);
}

const longer = new Uint8Array(CANONICAL_ROOM);

/** From a neighbour that knows this router by another AS. */
function internWithAs(
  dictionary: AttributeDictionary,
  bytes: Uint8Array,
  view: UpdateView,
  options: UpdateOptions,
  mp: boolean,
  as: number,
): number {
  const asItStands = view.plain && view.reachAfi === 0;
  const source = asItStands ? bytes : scratch;
  const start = asItStands ? view.lowStart : 0;
  const end = asItStands ? view.attributesEnd : canonicalize(bytes, view, options, mp, scratch, 0);
  return dictionary.intern(longer, 0, withAs(source, start, end, as, longer, 0), true);
}
