/**
 * Reading UPDATE messages (RFC 4271 4.3, RFC 4760) with the error handling of RFC 7606.
 *
 *     header | withdrawn length, withdrawn routes | attributes length, path attributes | NLRI
 *
 * decodeUpdate checks everything in one walk and fills a view: where each part of the message is, and what to do
 * with it. It copies nothing and throws nothing, whatever the bytes. What each attribute must be like stands in
 * the table of attribute-table.ts. canonicalize then writes the attributes in the form that is kept.
 */
import { checkAttribute } from './attribute-check.ts';
import { Action, AttributeFlag, AttributeType } from './attribute-table.ts';
import { u16 } from './bytes.ts';
import { UpdateError } from './errors.ts';
import { FAMILY_IPV4, familyBit } from './families.ts';
import { nlriFits, pathNlriFits } from './nlri.ts';
import { readPlain } from './plain.ts';
import {
  clear,
  clearAttributes,
  fail,
  hasPaths,
  look,
  slotOf,
  type UpdateOptions,
  type UpdateView,
} from './update-view.ts';

export { Action, attributeName } from './attribute-table.ts';
export { CANONICAL_ROOM, canonicalize } from './canonical.ts';
export { type UpdateOptions, UpdateView } from './update-view.ts';

/** `start` is just after the header, `end` the end of the message. `short`: the short way may be taken (plain.ts), which finds the same. */
export function decodeUpdate(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
  short = true,
): void {
  clear(view, start);
  if (!locate(bytes, start, end, view)) return;
  if (!checkBody(bytes, options, view)) return;
  if (!short || !readPlain(bytes, options, view)) {
    clearAttributes(view, start);
    walkAttributes(bytes, options, view);
    if (view.action === Action.SessionReset) return;
    checkPresence(view);
  }
  if ((options.families & FAMILY_IPV4) === 0) {
    view.withdrawnEnd = view.withdrawnStart;
    view.nlriEnd = view.nlriStart;
  }
}

/** Finds the three parts; their lengths must agree with the message's (RFC 4271 6.3, RFC 7606 3.i). */
function locate(bytes: Uint8Array, start: number, end: number, view: UpdateView): boolean {
  const withdrawnEnd = start + 2 > end ? end : start + 2 + u16(bytes, start);
  const attributesEnd = withdrawnEnd + 2 > end ? end + 1 : withdrawnEnd + 2 + u16(bytes, withdrawnEnd);
  if (attributesEnd > end) {
    return fail(view, Action.SessionReset, UpdateError.MalformedAttributeList, 'lengths exceed the message');
  }
  view.withdrawnStart = start + 2;
  view.withdrawnEnd = withdrawnEnd;
  view.attributesStart = withdrawnEnd + 2;
  view.attributesEnd = attributesEnd;
  view.nlriStart = attributesEnd;
  view.nlriEnd = end;
  return true;
}

/** RFC 7606 5.3 and 3.j: without NLRI that parses there is nothing to withdraw. */
function checkBody(bytes: Uint8Array, options: UpdateOptions, view: UpdateView): boolean {
  const fits = hasPaths(options, FAMILY_IPV4) ? pathNlriFits : nlriFits;
  if (!fits(bytes, view.withdrawnStart, view.withdrawnEnd, 32)) {
    return fail(view, Action.SessionReset, UpdateError.InvalidNetworkField, 'withdrawn routes do not parse');
  }
  if (fits(bytes, view.nlriStart, view.nlriEnd, 32)) return true;
  return fail(view, Action.SessionReset, UpdateError.InvalidNetworkField, 'NLRI does not parse');
}

/** RFC 7606 4: where an attribute's length is wrong, the length of all of them still tells where the NLRI is. */
function walkAttributes(bytes: Uint8Array, options: UpdateOptions, view: UpdateView): void {
  const end = view.attributesEnd;
  let at = view.attributesStart;
  view.seen.fill(0);
  while (at < end && view.action !== Action.SessionReset) {
    const extended = (bytes[at]! & AttributeFlag.ExtendedLength) !== 0;
    const value = at + (extended ? 4 : 3);
    if (value > end) {
      look(view, 0, at, end);
      fail(
        view,
        Action.TreatAsWithdraw,
        UpdateError.MalformedAttributeList,
        'octets behind the last attribute',
      );
      return;
    }
    const next = value + (extended ? u16(bytes, at + 2) : bytes[at + 2]!);
    look(view, bytes[at + 1]!, at, Math.min(next, end));
    if (next > end) {
      fail(view, Action.TreatAsWithdraw, UpdateError.AttributeLength, 'exceeds the attributes');
      return;
    }
    checkAttribute(bytes, value, next, options, view);
    at = next;
  }
}

/** RFC 7606 3.d (mandatory attributes) and 5.2 (errors in a message that has no routes to withdraw). */
function checkPresence(view: UpdateView): void {
  const inBody = view.nlriStart < view.nlriEnd;
  if (inBody || view.reachNlriStart < view.reachNlriEnd) {
    need(view, AttributeType.Origin);
    need(view, AttributeType.AsPath);
    if (inBody) need(view, AttributeType.NextHop);
  }
  if (view.action === Action.TreatAsWithdraw && !inBody && !view.reachTells) {
    view.action = Action.SessionReset;
  }
}

function need(view: UpdateView, type: number): void {
  if (slotOf(view, type) >= 0) return;
  look(view, type, view.attributesEnd, view.attributesEnd);
  fail(view, Action.TreatAsWithdraw, UpdateError.MissingWellKnownAttribute, 'missing');
}

/** The family bit that an End-of-RIB (RFC 4724 2) is for, 0 where the message is none. */
export function isEndOfRib(view: UpdateView): number {
  // Withdrawn routes of a family that is not heard are left out of the view, but they were there.
  const empty = view.withdrawnStart + 2 === view.attributesStart && view.nlriStart === view.nlriEnd;
  if (!empty || view.action !== Action.None) return 0;
  if (view.attributesStart === view.attributesEnd) return FAMILY_IPV4;
  // MP_UNREACH_NLRI alone, with its AFI and SAFI alone: header of 3 or 4 octets, value of 3.
  const length = view.attributesEnd - view.attributesStart;
  if (view.unreachEnd !== view.attributesEnd || length > 7) return 0;
  return familyBit(view.unreachAfi, view.unreachSafi);
}
