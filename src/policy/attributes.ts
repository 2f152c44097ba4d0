/**
 * A set of path attributes as policies read and change it: canonical octets (bgp/canonical.ts), and where in them each
 * attribute stands. A view is never changed: a change makes another one, with octets of its own. All this happens once
 * for a set of attributes, not once for a route; views and octets are used again (Arena).
 */
import { neighborAs, pathHops } from '../bgp/as-path.ts';
import {
  AttributeType,
  Community,
  DEFAULT_LOCAL_PREF,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Origin,
  Segment,
  valueLength,
  valueStart,
  WELL_KNOWN,
} from '../bgp/attributes.ts';
import { copy, u32 } from '../bgp/bytes.ts';
import { writeAttribute } from '../bgp/canonical.ts';
import { listsCommunity } from '../bgp/communities.ts';
import { weightOf, writeWithWeight } from '../bgp/weight.ts';
import { CHANGED } from '../rib/attribute-row.ts';
import type { CommunityKind } from './community.ts';
import type { Pattern } from './pattern.ts';

export const COMMUNITY_TYPE: Readonly<Record<CommunityKind, number>> = {
  community: AttributeType.Communities,
  'large-community': AttributeType.LargeCommunities,
  'ext-community': AttributeType.ExtendedCommunities,
};

const FLAGS: Readonly<Record<number, number>> = {
  [AttributeType.MultiExitDisc]: OPTIONAL_NON_TRANSITIVE,
  [AttributeType.MpReach]: OPTIONAL_NON_TRANSITIVE,
  [AttributeType.Communities]: OPTIONAL_TRANSITIVE,
  [AttributeType.ExtendedCommunities]: OPTIONAL_TRANSITIVE,
  [AttributeType.LargeCommunities]: OPTIONAL_TRANSITIVE,
};

/** What a policy said itself, that what the protocol does on export must leave alone: bits. */
export const MARK = { med: 1, nextHop: 2, nextHopSelf: 4 } as const;

/** By what a set differs from the one that it was made of, if an attribute of this type became another one: CHANGED bits. */
function changeOf(type: number): number {
  if (type === AttributeType.LocalPref) return CHANGED.localPref;
  const isPlain = type === AttributeType.LargeCommunities || type === AttributeType.ExtendedCommunities;
  return isPlain ? 0 : CHANGED.more;
}

/** No value may be longer (RFC 4271 4.3: two octets of length), and a whole set has to fit into a message. */
const MOST_OCTETS = 60_000;

const NOTHING = new Uint8Array(0);
/** What a weight adds at most. */
const WEIGHT_ROOM = 8;

/** Where changed sets are made that are soon done with: octets and views are used again after `clear`. */
export class Arena {
  bytes = new Uint8Array(1 << 12);
  #used = 0;
  readonly #views: AttributeView[] = [];
  #taken = 0;

  /** Whatever was made is nobody's from now on. */
  clear(): void {
    this.#used = this.#taken = 0;
  }

  /** Where so many octets of `bytes` begin. */
  carve(octets: number): number {
    if (this.#used + octets > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(2 * this.bytes.length, octets));
      this.#used = 0;
    }
    this.#used += octets;
    return this.#used - octets;
  }

  view(bytes: Uint8Array, start: number, end: number): AttributeView {
    if (this.#taken === this.#views.length) this.#views.push(new AttributeView(NOTHING, 0, 0, this));
    const view = this.#views[this.#taken++] as AttributeView;
    view.turnTo(bytes, start, end);
    return view;
  }
}

export class AttributeView {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** MARK bits. */
  marks = 0;
  /** By what it differs from the set that came in: CHANGED bits. */
  changes = 0;
  /** Where changes of it are made; without one each is made anew, and may be kept. */
  readonly #arena: Arena | undefined;
  /** The attribute that was looked for last, where it begins (or would, where it is not there), and where its value stands. */
  #type = -1;
  #head = 0;
  #from = 0;
  #to = 0;

  constructor(bytes: Uint8Array, start: number, end: number, arena?: Arena) {
    this.#arena = arena;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Becomes the view of another set; for whoever keeps none. */
  turnTo(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.marks = this.changes = 0;
    this.#type = -1;
  }

  /** Few attributes stand in a set, so that walking is cheaper than keeping where each of them is. */
  #look(type: number): void {
    const { bytes, end } = this;
    this.#type = type;
    this.#from = this.#to = 0;
    let at = this.start;
    while (at < end) {
      const value = valueStart(bytes, at);
      const next = value + valueLength(bytes, at);
      const found = bytes[at + 1]!;
      if (found >= type) {
        if (found > type) break;
        this.#from = value;
        this.#to = next;
        break;
      }
      at = next;
    }
    this.#head = at;
  }

  has(type: number): boolean {
    return this.to(type) !== 0;
  }

  /** Where the value begins and ends; both 0 where there is none. */
  from(type: number): number {
    if (this.#type !== type) this.#look(type);
    return this.#from;
  }

  to(type: number): number {
    if (this.#type !== type) this.#look(type);
    return this.#to;
  }

  /** As the decision has it: RFC 8326 for whoever says nothing else. */
  get localPref(): number {
    const communities = AttributeType.Communities;
    const shuts = listsCommunity(
      this.bytes,
      this.from(communities),
      this.to(communities),
      Community.GracefulShutdown,
    );
    return this.#word(AttributeType.LocalPref, shuts ? 0 : DEFAULT_LOCAL_PREF);
  }

  /** This router's own preference; 0: none. */
  get weight(): number {
    return weightOf(this.bytes, this.start, this.end);
  }

  get med(): number {
    return this.#word(AttributeType.MultiExitDisc, 0);
  }

  get origin(): number {
    return this.has(AttributeType.Origin) ? this.bytes[this.from(AttributeType.Origin)]! : Origin.Incomplete;
  }

  get pathLength(): number {
    return pathHops(this.bytes, this.from(AttributeType.AsPath), this.to(AttributeType.AsPath), 4);
  }

  get neighborAs(): number {
    return neighborAs(this.bytes, this.from(AttributeType.AsPath), this.to(AttributeType.AsPath));
  }

  /** The last AS; 0 where the path is empty or ends in a set. */
  get originAs(): number {
    const { bytes } = this;
    const end = this.to(AttributeType.AsPath);
    let as = 0;
    for (let at = this.from(AttributeType.AsPath); at < end; at += 2 + 4 * bytes[at + 1]!)
      as = bytes[at] === Segment.Sequence ? u32(bytes, at + 4 * bytes[at + 1]! - 2) : 0;
    return as;
  }

  /** Where the next hop stands: of IPv4 as it is, of IPv6 behind its length. */
  get nextHop(): { at: number; octets: number } {
    if (this.has(AttributeType.NextHop)) {
      const at = this.from(AttributeType.NextHop);
      return { at, octets: Math.min(this.to(AttributeType.NextHop) - at, 16) };
    }
    const reach = this.from(AttributeType.MpReach);
    return { at: reach + 1, octets: this.has(AttributeType.MpReach) ? Math.min(this.bytes[reach]!, 16) : 0 };
  }

  /** Another view of the same octets. */
  marked(marks: number): AttributeView {
    return this.#view(this.bytes, this.start, this.end, marks, 0);
  }

  #view(bytes: Uint8Array, start: number, end: number, marks: number, changes: number): AttributeView {
    const view = this.#arena?.view(bytes, start, end) ?? new AttributeView(bytes, start, end);
    view.marks = this.marks | marks;
    view.changes = this.changes | changes;
    return view;
  }

  #word(type: number, none: number): number {
    return this.has(type) ? u32(this.bytes, this.from(type)) : none;
  }

  /** Another view with this value in place of the attribute's; without a value, without the attribute. */
  with(type: number, value: ArrayLike<number> | undefined, marks = 0): AttributeView {
    if (value === undefined) return this.withPart(type, NOTHING, 0, -1, marks);
    const octets = value instanceof Uint8Array ? value : Uint8Array.from(value);
    return this.withPart(type, octets, 0, octets.length, marks);
  }

  /** Another view with this weight. */
  withWeight(weight: number): AttributeView {
    if (weight === this.weight) return this;
    const room = this.end - this.start + WEIGHT_ROOM;
    const from = this.#arena?.carve(room) ?? 0;
    const into = this.#arena?.bytes ?? new Uint8Array(room);
    const to = writeWithWeight(this.bytes, this.start, this.end, weight, into, from);
    return this.#view(into, from, to, 0, CHANGED.more);
  }

  /** The same, with the value where it stands; `end` before `start`: without the attribute. `changes`: CHANGED bits. */
  withPart(
    type: number,
    value: Uint8Array,
    start: number,
    end: number,
    marks = 0,
    changes = changeOf(type),
  ): AttributeView {
    const { bytes } = this;
    const due = end >= start;
    const room = this.end - this.start + Math.max(0, end - start) + 4;
    if (due && room > MOST_OCTETS) return this;
    const from = this.#arena?.carve(room) ?? 0;
    const into = this.#arena?.bytes ?? new Uint8Array(room);
    // Attributes stand in the order of their types: what comes before goes as it is, and what comes behind.
    const behind = this.to(type) || this.#head;
    let to = copy(bytes, this.start, this.#head, into, from);
    if (due) to = writeAttribute(value, start, end, FLAGS[type] ?? WELL_KNOWN, type, into, to);
    to = copy(bytes, behind, this.end, into, to);
    return this.#view(into, from, to, marks, changes);
  }
}

/** Feeds the AS path into a pattern as Cisco and FRR print it: `64500 3356 {64510,64511}`. */
export function matchPath(view: AttributeView, pattern: Pattern): boolean {
  const { bytes } = view;
  const end = view.to(AttributeType.AsPath);
  pattern.begin();
  for (let at = view.from(AttributeType.AsPath); at < end; ) {
    const type = bytes[at]!;
    const next = at + 2 + 4 * bytes[at + 1]!;
    const [open, close, between] = BRACKETS[type] as readonly [number, number, number];
    if (at > view.from(AttributeType.AsPath)) pattern.step(SPACE);
    if (open !== 0) pattern.step(open);
    for (let as = at + 2; as < next; as += 4) {
      if (as > at + 2) pattern.step(between);
      pattern.stepNumber(u32(bytes, as));
      if (pattern.decided) return true;
    }
    if (close !== 0) pattern.step(close);
    at = next;
  }
  return pattern.end();
}

/** Is any AS of the path, whatever its segment, within one of these ranges: from, to, from, to …, in order? */
export function pathHasAny(view: AttributeView, ranges: Float64Array): boolean {
  const { bytes } = view;
  const end = view.to(AttributeType.AsPath);
  const least = ranges[0]!;
  const most = ranges[ranges.length - 1]!;
  for (let at = view.from(AttributeType.AsPath); at < end; ) {
    const next = at + 2 + 4 * bytes[at + 1]!;
    for (let as = at + 2; as < next; as += 4) {
      const value = u32(bytes, as);
      if (value >= least && value <= most && isWithin(value, ranges)) return true;
    }
    at = next;
  }
  return false;
}

function isWithin(value: number, ranges: Float64Array): boolean {
  // `low` becomes the number of ranges that begin at the value or before it.
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[2 * middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value <= ranges[2 * low - 1]!;
}

const SPACE = 32;
const COMMA = 44;
/** By segment type: `{a,b}` for a set, `(a b)` and `[a,b]` within a confederation (RFC 5065). */
const BRACKETS: readonly (readonly [number, number, number])[] = [
  [0, 0, SPACE],
  [123, 125, COMMA],
  [0, 0, SPACE],
  [40, 41, SPACE],
  [91, 93, COMMA],
];
