/** The stages of `npm run bench wire`: what is done with each UPDATE message, and with each attribute set on its way out. */
import { AttributeType, findAttribute, valueStart } from '../../src/bgp/attributes.ts';
import { UpdateWriter, wireAttributes } from '../../src/bgp/encode.ts';
import { exportAttributes } from '../../src/bgp/export.ts';
import { Afi, Safi } from '../../src/bgp/families.ts';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE } from '../../src/bgp/message.ts';
import { countPrefixes, Prefix, prefix4Address, prefixEnd, readPrefix6 } from '../../src/bgp/nlri.ts';
import { CANONICAL_ROOM, canonicalize, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { AttributeDictionary } from '../../src/fabric/attributes.ts';
import { ATTRIBUTE_ROW } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions, type FabricMemory } from '../../src/fabric/memory.ts';
import { PrefixDictionary } from '../../src/fabric/prefixes.ts';
import { type Feed, feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { internAttributes } from '../../src/rib/attribute-set.ts';

export interface Stage {
  readonly name: string;
  /** What is counted. */
  readonly unit: 'UPDATE' | 'set' | 'route';
  readonly count: number;
  /** Not measured. */
  readonly prepare?: () => void;
  /** Returns a hash of the result. */
  readonly run: () => number;
}

export interface Work {
  readonly feeds: readonly Feed[];
  readonly updates: number;
  readonly routes4: number;
  readonly routes6: number;
  /** A dictionary that holds every set. */
  readonly full: AttributeDictionary;
  readonly sets: number;
  readonly setBytes: number;
  /** Ids of the sets, in the order of the messages. */
  readonly ids: Uint32Array;
  /** The NLRI of all messages, by family. */
  readonly nlri4: Uint8Array;
  readonly nlri6: Uint8Array;
}

const LOCAL_AS = 65000;
const OPTIONS = { fourOctetAs: true, external: true, families: 3 };
const EXPORT = {
  external: true,
  localAs: LOCAL_AS,
  nextHopSelf: true,
  nextHop4: Uint8Array.of(192, 0, 2, 1),
  nextHop16: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
};

const view = new UpdateView();
const canonical = new Uint8Array(CANONICAL_ROOM);
const wire = new Uint8Array(CANONICAL_ROOM);
const message = new Uint8Array(MAX_EXTENDED_MESSAGE);
const writer = new UpdateWriter(message, MAX_EXTENDED_MESSAGE);
const prefix = new Prefix();
const row = new Uint32Array(ATTRIBUTE_ROW.words);

/** Full tables of neighbours with habits of their own: the IPv6 table is an eighth of the IPv4 one. */
export function newWork(prefixes: number, neighbors: number): Work {
  const tableOf = generateTable({ seed: 7, ipv4: prefixes, ipv6: prefixes >> 3 });
  const feeds = Array.from({ length: neighbors }, (_, i) =>
    feedFor(tableOf, { neighborAs: 64501 + i, nextHop: `192.0.2.${10 + i}`, seed: 7 + i, endOfRib: false }),
  );
  const full = new AttributeDictionary(memory(), describeFor(LOCAL_AS));
  const updates = feeds.reduce((sum, { messages }) => sum + messages, 0);
  const ids = new Uint32Array(updates);
  const seen = new Set<number>();
  let [at, routes4, routes6, setBytes] = [0, 0, 0, 0];
  const nlri: [Uint8Array[], Uint8Array[]] = [[], []];
  eachUpdate(feeds, (bytes) => {
    const id = internSet(full, bytes);
    ids[at++] = id;
    if (!seen.has(id)) setBytes += full.lengthOf(id);
    seen.add(id);
    routes4 += countPrefixes(bytes, view.nlriStart, view.nlriEnd);
    routes6 += countPrefixes(bytes, view.reachNlriStart, view.reachNlriEnd);
    nlri[0].push(bytes.subarray(view.nlriStart, view.nlriEnd));
    nlri[1].push(bytes.subarray(view.reachNlriStart, view.reachNlriEnd));
  });
  const [nlri4, nlri6] = nlri.map((parts) => new Uint8Array(Buffer.concat(parts))) as [
    Uint8Array,
    Uint8Array,
  ];
  return { feeds, updates, routes4, routes6, full, sets: seen.size, setBytes, ids, nlri4, nlri6 };
}

function memory(): FabricMemory {
  return createFabricMemory({ ...defaultFabricOptions(1, 1), attributes: 1 << 22, pages: 1 });
}

function eachUpdate(feeds: readonly Feed[], visit: (bytes: Uint8Array) => void): void {
  for (const { bytes, offsets, messages } of feeds) {
    for (let i = 0; i < messages; i++) {
      decodeUpdate(bytes, (offsets[i] as number) + HEADER_LENGTH, offsets[i + 1] as number, OPTIONS, view);
      visit(bytes);
    }
  }
}

/** The attribute set of the message in `view`. */
function internSet(dictionary: AttributeDictionary, bytes: Uint8Array): number {
  const mp = view.nlriStart === view.nlriEnd;
  return internAttributes(dictionary, bytes, view, OPTIONS, mp);
}

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) >>> 0;
}

export function stages(work: Work): Stage[] {
  const { updates, routes4, routes6 } = work;
  const fresh = { of: work.full };
  const freshDictionary = () => {
    fresh.of = new AttributeDictionary(memory(), describeFor(LOCAL_AS));
  };
  const prefixes = { of: new PrefixDictionary(memory()) };
  const freshPrefixes = () => {
    prefixes.of = new PrefixDictionary(memory());
  };
  const outgoing = newOutgoing(work);
  const known4 = () => internPrefixes4(work, prefixes.of);
  const known6 = () => internPrefixes6(work, prefixes.of);
  // biome-ignore format: one line per stage
  return [
    { name: 'decode and check', unit: 'UPDATE', count: updates, run: () => decodeAll(work) },
    { name: 'decode, check, canonicalise', unit: 'UPDATE', count: updates, run: () => canonicalizeAll(work) },
    { name: 'intern, known set', unit: 'set', count: updates, run: () => internAll(work, work.full) },
    { name: 'intern, new set, with describe', unit: 'set', count: updates, prepare: freshDictionary, run: () => internAll(work, fresh.of) },
    { name: 'describe', unit: 'set', count: updates, run: () => describeAll(work) },
    { name: 'IN: bytes to AttrId, known sets', unit: 'UPDATE', count: updates, run: () => inAll(work, work.full) },
    { name: 'IN: bytes to AttrId, new sets', unit: 'UPDATE', count: updates, prepare: freshDictionary, run: () => inAll(work, fresh.of) },
    { name: 'IPv4 NLRI to new PrefixId', unit: 'route', count: routes4, prepare: freshPrefixes, run: known4 },
    { name: 'IPv4 NLRI to PrefixId', unit: 'route', count: routes4, run: known4 },
    { name: 'IPv6 NLRI to new PrefixId', unit: 'route', count: routes6, prepare: freshPrefixes, run: known6 },
    { name: 'IPv6 NLRI to PrefixId', unit: 'route', count: routes6, run: known6 },
    { name: 'export rewrite', unit: 'set', count: updates, run: () => rewriteAll(work, undefined) },
    { name: 'export rewrite and intern, new', unit: 'set', count: updates, prepare: freshDictionary, run: () => rewriteAll(work, fresh.of) },
    { name: 'encode', unit: 'UPDATE', count: updates, run: () => encodeAll(outgoing) },
  ];
}

function decodeAll({ feeds }: Work): number {
  let hash = 0;
  eachUpdate(feeds, () => {
    hash = mix(hash, view.action ^ view.nlriStart ^ view.nlriEnd ^ view.reachNlriEnd);
  });
  return hash;
}

function canonicalizeAll({ feeds }: Work): number {
  let hash = 0;
  eachUpdate(feeds, (bytes) => {
    const mp = view.nlriStart === view.nlriEnd;
    const length = canonicalize(bytes, view, OPTIONS, mp, canonical, 0);
    hash = mix(hash, length ^ (canonical[length >> 1] as number));
  });
  return hash;
}

function inAll({ feeds }: Work, dictionary: AttributeDictionary): number {
  let hash = 0;
  eachUpdate(feeds, (bytes) => {
    hash = mix(hash, internSet(dictionary, bytes));
  });
  return hash;
}

function internAll({ ids, full }: Work, dictionary: AttributeDictionary): number {
  let hash = 0;
  for (const id of ids) {
    const start = full.offsetOf(id);
    hash = mix(hash, dictionary.intern(full.bytes, start, start + full.lengthOf(id)));
  }
  return hash;
}

function describeAll({ ids, full }: Work): number {
  const describe = describeFor(LOCAL_AS);
  let hash = 0;
  for (const id of ids) {
    const start = full.offsetOf(id);
    describe(full.bytes, start, start + full.lengthOf(id), row, 0);
    hash = mix(hash, (row[0] as number) ^ (row[2] as number) ^ (row[3] as number));
  }
  return hash;
}

function internPrefixes4({ nlri4 }: Work, prefixes: PrefixDictionary): number {
  let hash = 0;
  for (let at = 0; at < nlri4.length; at = prefixEnd(nlri4, at)) {
    hash = mix(hash, prefixes.intern4(prefix4Address(nlri4, at), nlri4[at] as number));
  }
  return hash;
}

function internPrefixes6({ nlri6 }: Work, prefixes: PrefixDictionary): number {
  let hash = 0;
  for (let at = 0; at < nlri6.length; ) {
    at = readPrefix6(nlri6, at, prefix);
    const { word0, word1, word2, word3, length } = prefix;
    hash = mix(hash, prefixes.intern6(word0, word1, word2, word3, length));
  }
  return hash;
}

/** Into `dictionary`, or nowhere. */
function rewriteAll({ ids, full }: Work, dictionary: AttributeDictionary | undefined): number {
  let hash = 0;
  for (const id of ids) {
    const start = full.offsetOf(id);
    const length = exportAttributes(full.bytes, start, start + full.lengthOf(id), EXPORT, canonical, 0);
    hash = mix(hash, length ^ (canonical[length >> 1] as number));
    if (dictionary !== undefined) hash = mix(hash, dictionary.intern(canonical, 0, length));
  }
  return hash;
}

/** What is to be encoded, by message: an exported set and prefixes as they stand in the prefix dictionary. */
interface Outgoing {
  readonly dictionary: AttributeDictionary;
  readonly sets: Uint32Array;
  /** prefixes[first[i]] .. prefixes[first[i + 1] - 1]: PrefixIds of message i. */
  readonly first: Uint32Array;
  readonly prefixes: Uint32Array;
  readonly of: PrefixDictionary;
}

function newOutgoing({ feeds, ids, full, updates, routes4, routes6 }: Work): Outgoing {
  const dictionary = new AttributeDictionary(memory(), describeFor(LOCAL_AS));
  const of = new PrefixDictionary(memory());
  const sets = ids.map((id) => {
    const start = full.offsetOf(id);
    const end = start + full.lengthOf(id);
    return dictionary.intern(canonical, 0, exportAttributes(full.bytes, start, end, EXPORT, canonical, 0));
  });
  const prefixes = new Uint32Array(routes4 + routes6);
  const first = new Uint32Array(updates + 1);
  let [message, count] = [0, 0];
  eachUpdate(feeds, (bytes) => {
    for (let at = view.nlriStart; at < view.nlriEnd; at = prefixEnd(bytes, at)) {
      prefixes[count++] = of.intern4(prefix4Address(bytes, at), bytes[at] as number);
    }
    for (let at = view.reachNlriStart; at < view.reachNlriEnd; ) {
      at = readPrefix6(bytes, at, prefix);
      prefixes[count++] = of.intern6(prefix.word0, prefix.word1, prefix.word2, prefix.word3, prefix.length);
    }
    first[++message] = count;
  });
  return { dictionary, sets, first, prefixes, of };
}

function encodeAll({ dictionary, sets, first, prefixes, of }: Outgoing): number {
  let hash = 0;
  for (let i = 0; i < sets.length; i++) {
    const from = first[i] as number;
    begin(dictionary, sets[i] as number, (prefixes[from] as number) >= of.base6);
    for (let n = from; n < (first[i + 1] as number); n++) addPrefix(of, prefixes[n] as number);
    const length = writer.finish();
    hash = mix(
      hash,
      length ^ ((message[length >> 1] as number) << 16) ^ ((message[length - 1] as number) << 24),
    );
  }
  return hash;
}

function begin(dictionary: AttributeDictionary, id: number, ipv6: boolean): void {
  const { bytes } = dictionary;
  const start = dictionary.offsetOf(id);
  const end = start + dictionary.lengthOf(id);
  if (!ipv6) {
    writer.beginAnnounce4(bytes, start, end);
    return;
  }
  const length = wireAttributes(bytes, start, end, true, wire, 0);
  const reach = valueStart(bytes, findAttribute(bytes, start, end, AttributeType.MpReach));
  const to = reach + 1 + (bytes[reach] as number);
  writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, bytes, reach + 1, to, wire, 0, length);
}

function addPrefix(of: PrefixDictionary, id: number): void {
  if (id < of.base6) {
    writer.addPrefix4(of.address4(id), of.length4(id));
    return;
  }
  const { keys6 } = of;
  const at = (id - of.base6) * 5;
  writer.addPrefix6(
    keys6[at] as number,
    keys6[at + 1] as number,
    keys6[at + 2] as number,
    keys6[at + 3] as number,
    keys6[at + 4] as number,
  );
}
