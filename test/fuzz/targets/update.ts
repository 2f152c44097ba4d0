/**
 * An UPDATE message on its way through: decode, canonical form, dictionary, export, encode, decode again. Whatever the bytes:
 * an answer, nothing believed that is outside of the message, and what was taken once is taken again and stays the same.
 */
import type { Random } from '../../../src/base/random.ts';
import { UpdateWriter, wireAttributes } from '../../../src/bgp/encode.ts';
import { type ExportOptions, exportAttributes } from '../../../src/bgp/export.ts';
import { familyBit } from '../../../src/bgp/families.ts';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE } from '../../../src/bgp/message.ts';
import { PATH_IDENTIFIER, Prefix, readPrefix4, readPrefix6 } from '../../../src/bgp/nlri.ts';
import {
  Action,
  CANONICAL_ROOM,
  canonicalize,
  decodeUpdate,
  isEndOfRib,
  type UpdateOptions,
  UpdateView,
} from '../../../src/bgp/update.ts';
import { hasPaths } from '../../../src/bgp/update-view.ts';
import { Fabric } from '../../../src/fabric/fabric.ts';
import { createFabricMemory } from '../../../src/fabric/memory.ts';
import {
  describeFor,
  LENGTHS,
  LOCAL_PREF,
  MED,
  PATH_LENGTH_MASK,
  ROW,
} from '../../../src/rib/attribute-row.ts';
import { internAttributes } from '../../../src/rib/attribute-set.ts';
import { newAttributeSummary, summarize } from '../../support/attribute-summary.ts';
import { theCorpus } from '../corpus.ts';
import { Mutator } from '../mutate.ts';
import { hold, sameOctets, type Target } from '../target.ts';

const LOCAL_AS = 65000;
const view = new UpdateView();
const second = new UpdateView();
const prefix = new Prefix();
const summary = newAttributeSummary();
const canonical = new Uint8Array(CANONICAL_ROOM);
const wire = new Uint8Array(2 * CANONICAL_ROOM);
const again = new Uint8Array(CANONICAL_ROOM);
const exported = new Uint8Array(2 * CANONICAL_ROOM);
const room = new Uint8Array(MAX_EXTENDED_MESSAGE + 8);
const writer = new UpdateWriter(room, MAX_EXTENDED_MESSAGE);

const SIZES = {
  blades: 1,
  lineCards: 1,
  sessions: 1,
  prefixes4: 1 << 8,
  prefixes6: 1 << 8,
  attributes: 1 << 15,
  attributeBytes: 1 << 24,
  pages: 4,
  ringRecords: 16,
  receiveBytes: 1 << 13,
  transmitBytes: 1 << 13,
  grafts: 1,
};
let dictionary = newDictionary();

function newDictionary() {
  return new Fabric(createFabricMemory(SIZES), 0, describeFor(LOCAL_AS)).attributes;
}

const EXPORTS: readonly ExportOptions[] = [
  {
    external: true,
    localAs: LOCAL_AS,
    nextHopSelf: true,
    nextHop4: Uint8Array.of(10, 0, 0, 9),
    nextHop16: new Uint8Array(16).fill(0x20),
  },
  { external: true, localAs: 4_200_000_000, nextHopSelf: false },
  { external: false, localAs: LOCAL_AS, nextHopSelf: false },
  { external: false, localAs: LOCAL_AS, nextHopSelf: false, extendedNextHop: true },
];

export function updateTarget(): Target {
  const mutator = new Mutator(theCorpus());
  return {
    name: 'update',
    what: 'UPDATE: decode, canonical form, dictionary, export, encode, decode',
    make(random, into) {
      mutator.paths = random.chance(0.15);
      return mutator.update(random, into, 0);
    },
    run: throughAndBack,
  };
}

export function throughAndBack(message: Uint8Array, random: Random): void {
  if (message.length < HEADER_LENGTH) return;
  const options: UpdateOptions = {
    fourOctetAs: random.chance(0.8),
    external: random.chance(0.5),
    families: random.chance(0.7) ? 3 : random.below(4),
    extendedNextHop: random.chance(0.4),
    addPath: random.chance(0.3) ? random.below(4) : 0,
  };
  decodeUpdate(message, HEADER_LENGTH, message.length, options, view, random.chance(0.7));
  checkView(message);
  isEndOfRib(view);
  if (view.action >= Action.DisableFamily) return;
  const body = walk(message, view.nlriStart, view.nlriEnd, 1, options);
  walk(message, view.withdrawnStart, view.withdrawnEnd, 1, options);
  walk(message, view.unreachStart, view.unreachEnd, view.unreachAfi, options);
  const reach = walk(message, view.reachNlriStart, view.reachNlriEnd, view.reachAfi, options);
  if (view.action > Action.AttributeDiscard) return;
  if (body > 0) checkSet(message, options, false);
  if (reach > 0) checkSet(message, options, true);
}

/** Where parts are said to be: inside the message, in order. */
function checkView(message: Uint8Array): void {
  const inside = (start: number, end: number, what: string): void =>
    hold(
      start >= HEADER_LENGTH && start <= end && end <= message.length,
      `${what} is outside of the message`,
    );
  inside(view.withdrawnStart, view.withdrawnEnd, 'withdrawn routes');
  inside(view.attributesStart, view.attributesEnd, 'attributes');
  inside(view.nlriStart, view.nlriEnd, 'NLRI');
  inside(view.reachNlriStart, view.reachNlriEnd, 'NLRI of MP_REACH_NLRI');
  inside(view.reachNextHopStart, view.reachNextHopStart + view.reachNextHopLength, 'next hop');
  inside(view.unreachStart, view.unreachEnd, 'NLRI of MP_UNREACH_NLRI');
  inside(view.errorDataStart, view.errorDataEnd, "the error's data");
  hold(
    (view.action === Action.None) === (view.errorCode === 0),
    'an error without an action, or the other way',
  );
}

function walk(bytes: Uint8Array, start: number, end: number, afi: number, options: UpdateOptions): number {
  const read = afi === 2 ? readPrefix6 : readPrefix4;
  const skip = hasPaths(options, familyBit(afi, 1)) ? PATH_IDENTIFIER : 0;
  let count = 0;
  let at = start;
  for (; at < end; count++) at = read(bytes, at + skip, prefix);
  hold(at === end, 'a prefix runs over its field');
  return count;
}

/** The attribute set of the routes in the body, or in MP_REACH_NLRI. */
function checkSet(message: Uint8Array, options: UpdateOptions, mp: boolean): void {
  const length = canonicalize(message, view, options, mp, canonical, 0);
  const set = canonical.subarray(0, length);
  let id = internAttributes(dictionary, message, view, options, mp);
  if (id === 0) {
    dictionary = newDictionary();
    id = internAttributes(dictionary, message, view, options, mp);
  }
  const offset = dictionary.offsetOf(id);
  hold(
    sameOctets(set, dictionary.bytes.subarray(offset, offset + dictionary.lengthOf(id))),
    'the dictionary holds another set',
  );
  hold(dictionary.intern(set, 0, length) === id, 'an equal set has another id');
  summarize(set, 0, length, summary);
  const row = id * ROW;
  hold(
    dictionary.rows[row + LOCAL_PREF] === summary.localPref &&
      dictionary.rows[row + MED] === summary.med &&
      (dictionary.rows[row + LENGTHS]! & PATH_LENGTH_MASK) === Math.min(summary.pathLength, PATH_LENGTH_MASK),
    'the description is of another set',
  );
  const mpSet = mp && view.reachAfi === 2;
  backAgain(set, mpSet, true, options.external, 'a canonical set');
  throughOldSpeakers(set, mpSet, options.external);
  for (const rules of EXPORTS) {
    const size = exportAttributes(set, 0, length, rules, exported, 0);
    if (size > 0 && size < MAX_EXTENDED_MESSAGE - 100) {
      backAgain(exported.slice(0, size), mpSet, true, rules.external, 'an exported set');
    }
  }
}

/** Encoded and decoded, a set is what it was. */
function backAgain(
  set: Uint8Array,
  mp: boolean,
  fourOctetAs: boolean,
  external: boolean,
  what: string,
): Uint8Array | undefined {
  const length = wireAttributes(set, 0, set.length, fourOctetAs, wire, 0);
  const [, hop, hopEnd] = nextHopOf(set);
  // An IPv6 next hop of an IPv4 route (RFC 8950).
  const extended = !mp && hopEnd - hop > 4;
  const fits =
    mp || extended
      ? writer.beginAnnounceMp(mp ? 2 : 1, 1, set, hop, hopEnd, wire, 0, length)
      : writer.beginAnnounce4(wire, 0, length);
  if (!fits) return undefined;
  hold(mp ? writer.addPrefix6(0x20010db8, 0, 0, 0, 32) : writer.addPrefix4(0x0a000000, 8), 'no prefix fits');
  const end = writer.finish();
  const options: UpdateOptions = { fourOctetAs, external, families: 3, extendedNextHop: true };
  decodeUpdate(room, HEADER_LENGTH, end, options, second);
  hold(second.action === Action.None, `${what} is not taken: ${second.errorWhy}`);
  const size = canonicalize(room, second, options, mp || extended, again, 0);
  if (fourOctetAs) hold(sameOctets(set, again.subarray(0, size)), `${what} comes back as another one`);
  return again.slice(0, size);
}

function nextHopOf(set: Uint8Array): [Uint8Array, number, number] {
  summarize(set, 0, set.length, summary);
  return [set, summary.nextHopStart, summary.nextHopStart + summary.nextHopLength];
}

/** Old speakers may lose what does not fit into AS4_PATH, but only once. */
function throughOldSpeakers(set: Uint8Array, mp: boolean, external: boolean): void {
  const once = backAgain(set, mp, false, external, 'a set for an old speaker');
  if (once === undefined) return;
  const twice = backAgain(once, mp, false, external, 'a set from an old speaker');
  if (twice !== undefined) hold(sameOctets(once, twice), 'a set from an old speaker changes again');
}
