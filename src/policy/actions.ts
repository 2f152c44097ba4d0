/** What statements do to a set of attributes: each action makes another view, or gives the same back. */
import { prepend } from '../bgp/as-path.ts';
import { AttributeType } from '../bgp/attributes.ts';
import { copy, putU32, u32 } from '../bgp/bytes.ts';
import { type AttributeView, COMMUNITY_TYPE, MARK } from './attributes.ts';
import { COMMUNITY_SIZE, communityTest } from './community.ts';
import type { Action } from './language.ts';

export type Change = (view: AttributeView) => AttributeView;

const MOST = 0xffffffff;

type CommunityAction = Extract<Action, { readonly kind: 'communities' }>;

export function changeOf(action: Action, localAs: number): Change {
  switch (action.kind) {
    case 'number':
      return numberChange(action);
    case 'remove':
      return (view) =>
        view.has(AttributeType.MultiExitDisc) ? view.with(AttributeType.MultiExitDisc, undefined) : view;
    case 'origin': {
      const origin = Uint8Array.of(action.origin);
      return (view) => view.with(AttributeType.Origin, origin);
    }
    case 'next-hop':
      return nextHopChange(action.octets);
    case 'prepend': {
      const ases = action.ases ?? [localAs];
      const all = Array.from({ length: action.times }, () => ases).flat();
      return (view) => prependAll(view, all);
    }
    case 'communities':
      return communityChange(action);
  }
}

function numberChange({ of, by, value }: Extract<Action, { readonly kind: 'number' }>): Change {
  if (of === 'weight')
    return (view) => view.withWeight(by === 'set' ? value : Math.min(MOST, Math.max(0, view.weight + value)));
  const type = of === 'med' ? AttributeType.MultiExitDisc : AttributeType.LocalPref;
  const marks = of === 'med' ? MARK.med : 0;
  const octets = new Uint8Array(4);
  return (view) => {
    const before = of === 'med' ? view.med : view.localPref;
    putU32(octets, 0, by === 'set' ? value : Math.min(MOST, Math.max(0, before + value)));
    return view.with(type, octets, marks);
  };
}

/** An address of the other family leaves the route's next hop as it is. */
function nextHopChange(octets: readonly number[] | undefined): Change {
  if (octets === undefined) {
    return (view) => view.marked(MARK.nextHopSelf);
  }
  const wide = octets.length === 16;
  const value = Uint8Array.from(wide ? [16, ...octets] : octets);
  return (view) =>
    view.has(AttributeType.MpReach) === wide
      ? view.with(wide ? AttributeType.MpReach : AttributeType.NextHop, value, MARK.nextHop)
      : view;
}

/** What a path grows in, from one to the other. */
const longerPaths: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];

function longerPath(which: number, octets: number): Uint8Array {
  if ((longerPaths[which] as Uint8Array).length < octets) longerPaths[which] = new Uint8Array(2 * octets);
  return longerPaths[which] as Uint8Array;
}

/** The first of the list comes to stand first. */
function prependAll(view: AttributeView, ases: readonly number[]): AttributeView {
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

function communityChange(action: CommunityAction): Change {
  const type = COMMUNITY_TYPE[action.of];
  const size = COMMUNITY_SIZE[action.of];
  if (action.by === 'set') {
    const value = action.octets.length === 0 ? undefined : Uint8Array.from(inOrder(action.octets, size));
    return (view) => (value === undefined && !view.has(type) ? view : view.with(type, value));
  }
  if (action.by === 'remove') {
    const test = communityTest(action.of, action.patterns);
    let left = new Uint8Array(1024);
    const remove: Change = (view) => {
      const [from, end] = [view.from(type), view.to(type)];
      let kept = 0;
      for (let at = from; at < end; at += size) if (!test(view.bytes, at)) kept += size;
      if (kept === end - from) return view;
      if (kept === 0) return view.with(type, undefined);
      if (kept > left.length) left = new Uint8Array(2 * kept);
      let to = 0;
      for (let at = from; at < end; at += size)
        if (!test(view.bytes, at)) to = copy(view.bytes, at, at + size, left, to);
      return view.withPart(type, left, 0, to);
    };
    return remove;
  }
  return additionOf(type, size, action.octets);
}

/** What is added and was not there comes to stand among what is there, in order. */
function additionOf(type: number, size: number, octets: readonly number[]): Change {
  const added = Uint8Array.from(octets);
  let all = new Uint8Array(1024);
  const add: Change = (view) => {
    const [from, end] = [view.from(type), view.to(type)];
    const most = end - from + added.length;
    if (most > all.length) all = new Uint8Array(2 * most);
    const before = copy(view.bytes, from, end, all, 0);
    let to = before;
    for (let item = 0; item < added.length; item += size)
      if (!hasItem(all, to, added, item, size)) to = copy(added, item, item + size, all, to);
    if (to === before) return view;
    sortItems(all, to, size);
    return view.withPart(type, all, 0, to);
  };
  return add;
}

function hasItem(all: Uint8Array, end: number, items: Uint8Array, item: number, size: number): boolean {
  for (let at = 0; at < end; at += size) if (compareItems(all, at, items, item, size) === 0) return true;
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
