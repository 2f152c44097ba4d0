/**
 * A malformed UPDATE message in words, for the operator (RFC 7606 6: what is wrong, which routes are concerned, and the
 * whole message). A neighbour that sends nothing else does not fill the log: the first one is told, then each time that
 * they are twice as many.
 */
import { formatPrefix4, formatPrefix6 } from '../../base/address.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import { HEADER_LENGTH } from '../../bgp/message.ts';
import { PATH_IDENTIFIER, Prefix, readPrefix4, readPrefix6 } from '../../bgp/nlri.ts';
import { Action, type UpdateOptions, type UpdateView } from '../../bgp/update.ts';
import { hasPaths } from '../../bgp/update-view.ts';

/** Prefixes that are named; the rest stands in the message. */
const NAMED = 8;

const ANSWERS: Readonly<Record<number, string>> = {
  [Action.AttributeDiscard]: 'an attribute is discarded',
  [Action.TreatAsWithdraw]: 'treated as a withdrawal',
  [Action.DisableFamily]: 'the address family is disabled',
  [Action.SessionReset]: 'the session is reset',
};

/** Is it to be told, as the so many-th of its kind? */
export function isToldOf(times: number): boolean {
  return (times & (times - 1)) === 0;
}

/** `start` is just after the header, as for decodeUpdate. */
export function malformedText(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): string {
  // What does not parse is not to be believed.
  const prefixes = view.action === Action.SessionReset ? [] : announced(bytes, options, view);
  const named = prefixes.slice(0, NAMED).join(', ');
  const more = prefixes.length > NAMED ? ` and ${prefixes.length - NAMED} more` : '';
  const routes = prefixes.length === 0 ? 'no routes' : `${named}${more}`;
  const message = Buffer.from(bytes.slice(start - HEADER_LENGTH, end)).toString('hex');
  return `a malformed UPDATE: ${view.errorWhy}; ${ANSWERS[view.action]}; announced: ${routes}; the message: ${message}`;
}

function announced(bytes: Uint8Array, options: UpdateOptions, view: UpdateView): string[] {
  const inBody = prefixesOf(bytes, view.nlriStart, view.nlriEnd, hasPaths(options, FAMILY_IPV4), false);
  const ipv6 = view.reachAfi === Afi.Ipv6;
  const paths = hasPaths(options, ipv6 ? FAMILY_IPV6 : FAMILY_IPV4);
  return [...inBody, ...prefixesOf(bytes, view.reachNlriStart, view.reachNlriEnd, paths, ipv6)];
}

function prefixesOf(bytes: Uint8Array, start: number, end: number, paths: boolean, ipv6: boolean): string[] {
  const prefix = new Prefix();
  const found: string[] = [];
  for (let at = start; at < end; ) {
    if (paths) at += PATH_IDENTIFIER;
    at = (ipv6 ? readPrefix6 : readPrefix4)(bytes, at, prefix);
    const { word0, word1, word2, word3, length } = prefix;
    found.push(ipv6 ? formatPrefix6(word0, word1, word2, word3, length) : formatPrefix4(word0, length));
  }
  return found;
}
