/** What statements do to a set of attributes: each action makes another view, or gives the same back. */
import { prepend } from '../bgp/as-path.ts';
import { AttributeType } from '../bgp/attributes.ts';
import { copy, putU32, u32 } from '../bgp/bytes.ts';
import { CHANGED, DESCRIBED_COMMUNITIES } from '../rib/attribute-row.ts';
import { type AttributeView, COMMUNITY_TYPE, MARK } from './attributes.ts';
import { COMMUNITY_SIZE, type CommunityTest, communityTest } from './community.ts';
import type { Action } from './language.ts';

/** As the tests of conditions.ts: an object, so that what was compiled for one policy serves all. */
export interface Change {
  apply(view: AttributeView): AttributeView;
  /** What this and the next one come to, in one; undefined: they are not made together. */
  and?(next: Change): Change | undefined;
}

const MOST = 0xffffffff;

type NumberAction = Extract<Action, { readonly kind: 'number' }>;
type CommunityAction = Extract<Action, { readonly kind: 'communities' }>;

export function changeOf(action: Action, localAs: number): Change {
  switch (action.kind) {
    case 'number':
      return new NumberChange(action);
    case 'remove':
      return new Setting(AttributeType.MultiExitDisc, undefined);
    case 'origin':
      return new Setting(AttributeType.Origin, Uint8Array.of(action.origin));
    case 'next-hop':
      return action.octets === undefined ? new NextHopSelf() : new NextHopChange(action.octets);
    case 'prepend':
      return new Prepending(action.ases ?? [localAs], action.times);
    case 'communities':
      return communityChange(action);
  }
}

/** A value in place of the attribute's; without one, the attribute goes. */
class Setting implements Change {
  readonly #type: number;
  readonly #value: Uint8Array | undefined;

  constructor(type: number, value: Uint8Array | undefined) {
    this.#type = type;
    this.#value = value;
  }

  apply(view: AttributeView): AttributeView {
    return this.#value === undefined && !view.has(this.#type) ? view : view.with(this.#type, this.#value);
  }
}

class NumberChange implements Change {
  readonly #of: NumberAction['of'];
  readonly #adds: boolean;
  readonly #value: number;
  readonly #octets = new Uint8Array(4);

  constructor({ of, by, value }: NumberAction) {
    this.#of = of;
    this.#adds = by !== 'set';
    this.#value = value;
  }

  apply(view: AttributeView): AttributeView {
    const value = Math.min(MOST, Math.max(0, (this.#adds ? this.#before(view) : 0) + this.#value));
    if (this.#of === 'weight') return view.withWeight(value);
    putU32(this.#octets, 0, value);
    return this.#of === 'med'
      ? view.with(AttributeType.MultiExitDisc, this.#octets, MARK.med)
      : view.with(AttributeType.LocalPref, this.#octets);
  }

  #before(view: AttributeView): number {
    if (this.#of === 'weight') return view.weight;
    return this.#of === 'med' ? view.med : view.localPref;
  }
}

class NextHopSelf implements Change {
  apply(view: AttributeView): AttributeView {
    return view.marked(MARK.nextHopSelf);
  }
}

/** An address of the other family leaves the route's next hop as it is. */
class NextHopChange implements Change {
  readonly #ipv6: boolean;
  readonly #value: Uint8Array;

  constructor(octets: readonly number[]) {
    this.#ipv6 = octets.length === 16;
    this.#value = Uint8Array.from(this.#ipv6 ? [16, ...octets] : octets);
  }

  apply(view: AttributeView): AttributeView {
    if (view.has(AttributeType.MpReach) !== this.#ipv6) return view;
    return view.with(this.#ipv6 ? AttributeType.MpReach : AttributeType.NextHop, this.#value, MARK.nextHop);
  }
}

/** What a path grows in, from one to the other. */
const longerPaths: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];

function longerPath(which: number, octets: number): Uint8Array {
  if ((longerPaths[which] as Uint8Array).length < octets) longerPaths[which] = new Uint8Array(2 * octets);
  return longerPaths[which] as Uint8Array;
}

/** The first of the list comes to stand first. */
class Prepending implements Change {
  readonly #ases: readonly number[];

  constructor(ases: readonly number[], times: number) {
    this.#ases = Array.from({ length: times }, () => ases).flat();
  }

  apply(view: AttributeView): AttributeView {
    const ases = this.#ases;
    let path = view.bytes;
    let from = view.from(AttributeType.AsPath);
    let to = view.to(AttributeType.AsPath);
    const room = to - from + 6 * ases.length;
    for (let i = ases.length - 1; i >= 0; i--) {
      const longer = longerPath(i & 1, room);
      to = prepend(path, from, to, ases[i] as number, longer, 0);
      from = 0;
      path = longer;
    }
    return view.withPart(AttributeType.AsPath, path, from, to);
  }
}

function communityChange(action: CommunityAction): Change {
  return new CommunityEdits(COMMUNITY_TYPE[action.of], [editOf(action)]);
}

function editOf(action: CommunityAction): CommunityEdit {
  const size = COMMUNITY_SIZE[action.of];
  if (action.by === 'remove') return new Removal(size, communityTest(action.of, action.patterns));
  if (action.by === 'add') return new Addition(size, action.octets);
  return new Replacement(Uint8Array.from(inOrder(action.octets, size)));
}

/** What communities are put together in, whose views copy it. */
let items = new Uint8Array(1024);

/** Of one kind of communities, which stand in `items` up to `end`; where they end then, or -1: nothing was changed. */
interface CommunityEdit {
  /** Octets that may be needed beside those that are there. */
  readonly room: number;
  /** A community may come that the description of a set says. */
  readonly isDescribed: boolean;
  edit(end: number): number;
}

/** Are there some of those among these octets? Of other kinds of communities a description says nothing, whatever their octets. */
function hasDescribed(octets: Uint8Array): boolean {
  for (let at = 0; at + 4 <= octets.length; at += 4)
    if (DESCRIBED_COMMUNITIES.includes(u32(octets, at))) return true;
  return false;
}

/** Edits that are made together at most: each way through a policy has a list of its own. */
const MOST_TOGETHER = 16;

/** What is done to communities of one kind, one edit after the other, with one copy of the set at the end. */
class CommunityEdits implements Change {
  readonly #type: number;
  readonly #edits: readonly CommunityEdit[];
  readonly #room: number;
  /** CHANGED bits. */
  readonly #changes: number;
  /** What it stands for, where it stands for two. */
  readonly #parts: readonly Change[];

  constructor(type: number, edits: readonly CommunityEdit[], parts: readonly Change[] = []) {
    this.#type = type;
    this.#edits = edits;
    this.#room = edits.reduce((sum, { room }) => sum + room, 0);
    this.#changes = edits.some(({ isDescribed }) => isDescribed) ? CHANGED.more : CHANGED.communities;
    this.#parts = parts;
  }

  apply(view: AttributeView): AttributeView {
    const type = this.#type;
    const from = view.from(type);
    const before = view.to(type) - from;
    if (before + this.#room > items.length) items = new Uint8Array(2 * (before + this.#room));
    copy(view.bytes, from, from + before, items, 0);
    let end = before;
    let changes = false;
    for (const edit of this.#edits) {
      const after = edit.edit(end);
      if (after < 0) continue;
      changes = true;
      end = after;
    }
    if (!changes) return view;
    const changed = view.withPart(type, items, 0, end === 0 ? -1 : end, 0, this.#changes);
    // Too long: but one of the two may be possible.
    return changed === view ? this.#parts.reduce((result, part) => part.apply(result), view) : changed;
  }

  and(next: Change): Change | undefined {
    if (!(next instanceof CommunityEdits) || next.#type !== this.#type) return undefined;
    if (this.#edits.length >= MOST_TOGETHER) return undefined;
    return new CommunityEdits(this.#type, [...this.#edits, ...next.#edits], [this, next]);
  }
}

class Replacement implements CommunityEdit {
  readonly room: number;
  readonly isDescribed: boolean;
  readonly #value: Uint8Array;

  constructor(value: Uint8Array) {
    this.room = value.length;
    this.isDescribed = hasDescribed(value);
    this.#value = value;
  }

  edit(end: number): number {
    if (end === 0 && this.#value.length === 0) return -1;
    return copy(this.#value, 0, this.#value.length, items, 0);
  }
}

class Removal implements CommunityEdit {
  readonly room = 0;
  readonly isDescribed = false;
  readonly #size: number;
  readonly #test: CommunityTest;

  constructor(size: number, test: CommunityTest) {
    this.#size = size;
    this.#test = test;
  }

  edit(end: number): number {
    let to = 0;
    for (let at = 0; at < end; at += this.#size)
      if (!this.#test.matches(items, at))
        to = to === at ? at + this.#size : copy(items, at, at + this.#size, items, to);
    return to === end ? -1 : to;
  }
}

/** What is added and was not there comes to stand among what is there, in order. */
class Addition implements CommunityEdit {
  readonly room: number;
  readonly isDescribed: boolean;
  readonly #size: number;
  readonly #added: Uint8Array;

  constructor(size: number, octets: readonly number[]) {
    this.room = octets.length;
    this.#size = size;
    this.#added = Uint8Array.from(octets);
    this.isDescribed = hasDescribed(this.#added);
  }

  edit(end: number): number {
    const added = this.#added;
    const size = this.#size;
    let to = end;
    for (let item = 0; item < added.length; item += size)
      if (!hasItem(items, to, added, item, size)) to = copy(added, item, item + size, items, to);
    if (to === end) return -1;
    sortItems(items, to, size);
    return to;
  }
}

function hasItem(all: Uint8Array, end: number, added: Uint8Array, item: number, size: number): boolean {
  for (let at = 0; at < end; at += size) if (compareItems(all, at, added, item, size) === 0) return true;
  return false;
}

/** Most sets are small, and in order but for what was added. */
const FEW = 64;

function sortItems(all: Uint8Array, end: number, size: number): void {
  if (end > FEW * size) {
    all.set(inOrder([...all.subarray(0, end)], size));
    return;
  }
  for (let last = size; last < end; last += size)
    for (let at = last; at > 0 && compareItems(all, at - size, all, at, size) > 0; at -= size)
      for (let i = at; i < at + size; i++) {
        const octet = all[i] as number;
        all[i] = all[i - size] as number;
        all[i - size] = octet;
      }
}

/** Items are of whole words. */
function compareItems(a: Uint8Array, atA: number, b: Uint8Array, atB: number, size: number): number {
  for (let i = 0; i < size; i += 4) {
    const first = u32(a, atA + i);
    const second = u32(b, atB + i);
    if (first !== second) return first < second ? -1 : 1;
  }
  return 0;
}

/** Communities are a set: who writes them writes them in ascending order, so that equal sets are equal octets. */
function inOrder(octets: readonly number[], size: number): number[] {
  const items = Array.from({ length: octets.length / size }, (_, i) =>
    octets.slice(i * size, (i + 1) * size),
  );
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const at = a.findIndex((octet, i) => octet !== b[i]);
    return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
  };
  return items.sort(compare).flat();
}
