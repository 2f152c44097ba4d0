/** What statements do to a set of attributes: each action makes another view, or gives the same back. */
import { prepend } from '../bgp/as-path.ts';
import { AttributeType } from '../bgp/attributes.ts';
import { copy, putU32, u32 } from '../bgp/bytes.ts';
import { type AttributeView, COMMUNITY_TYPE, MARK } from './attributes.ts';
import { COMMUNITY_SIZE, type CommunityTest, communityTest } from './community.ts';
import type { Action } from './language.ts';

/** As the tests of conditions.ts: an object, so that what was compiled for one policy serves all. */
export interface Change {
  apply(view: AttributeView): AttributeView;
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
  const type = COMMUNITY_TYPE[action.of];
  const size = COMMUNITY_SIZE[action.of];
  if (action.by === 'remove') return new Removal(type, size, communityTest(action.of, action.patterns));
  if (action.by === 'add') return new Addition(type, size, action.octets);
  const { octets } = action;
  return new Setting(type, octets.length === 0 ? undefined : Uint8Array.from(inOrder(octets, size)));
}

/** What communities are put together in, whose views copy it. */
let items = new Uint8Array(1024);

function roomFor(octets: number): Uint8Array {
  if (octets > items.length) items = new Uint8Array(2 * octets);
  return items;
}

class Removal implements Change {
  readonly #type: number;
  readonly #size: number;
  readonly #test: CommunityTest;

  constructor(type: number, size: number, test: CommunityTest) {
    this.#type = type;
    this.#size = size;
    this.#test = test;
  }

  apply(view: AttributeView): AttributeView {
    const [from, end] = [view.from(this.#type), view.to(this.#type)];
    const left = roomFor(end - from);
    let to = 0;
    for (let at = from; at < end; at += this.#size)
      if (!this.#test.matches(view.bytes, at)) to = copy(view.bytes, at, at + this.#size, left, to);
    if (to === end - from) return view;
    return to === 0 ? view.with(this.#type, undefined) : view.withPart(this.#type, left, 0, to);
  }
}

/** What is added and was not there comes to stand among what is there, in order. */
class Addition implements Change {
  readonly #type: number;
  readonly #size: number;
  readonly #added: Uint8Array;

  constructor(type: number, size: number, octets: readonly number[]) {
    this.#type = type;
    this.#size = size;
    this.#added = Uint8Array.from(octets);
  }

  apply(view: AttributeView): AttributeView {
    const added = this.#added;
    const size = this.#size;
    const [from, end] = [view.from(this.#type), view.to(this.#type)];
    const all = roomFor(end - from + added.length);
    const before = copy(view.bytes, from, end, all, 0);
    let to = before;
    for (let item = 0; item < added.length; item += size)
      if (!hasItem(all, to, added, item, size)) to = copy(added, item, item + size, all, to);
    if (to === before) return view;
    sortItems(all, to, size);
    return view.withPart(this.#type, all, 0, to);
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
    const [first, second] = [u32(a, atA + i), u32(b, atB + i)];
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
