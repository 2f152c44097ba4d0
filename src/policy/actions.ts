/** What statements do to a set of attributes: each action makes another view, or gives the same back. */
import { prepend } from '../bgp/as-path.ts';
import { AttributeType } from '../bgp/attributes.ts';
import { copy } from '../bgp/bytes.ts';
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
    case 'origin':
      return (view) => view.with(AttributeType.Origin, [action.origin]);
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
  const type = of === 'med' ? AttributeType.MultiExitDisc : AttributeType.LocalPref;
  const marks = of === 'med' ? MARK.med : 0;
  return (view) => {
    const before = of === 'med' ? view.med : view.localPref;
    const now = by === 'set' ? value : Math.min(MOST, Math.max(0, before + value));
    return view.with(type, quad(now), marks);
  };
}

function quad(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** An address of the other family leaves the route's next hop as it is. */
function nextHopChange(octets: readonly number[] | undefined): Change {
  if (octets === undefined) {
    return (view) => view.marked(MARK.nextHopSelf);
  }
  return (view) => {
    const ipv6 = view.has(AttributeType.MpReach);
    if (ipv6 !== (octets.length === 16)) return view;
    return ipv6
      ? view.with(AttributeType.MpReach, [16, ...octets], MARK.nextHop)
      : view.with(AttributeType.NextHop, octets, MARK.nextHop);
  };
}

/** The first of the list comes to stand first. */
function prependAll(view: AttributeView, ases: readonly number[]): AttributeView {
  const from = view.from(AttributeType.AsPath);
  const to = view.to(AttributeType.AsPath);
  let path = view.bytes.slice(from, to);
  for (const as of [...ases].reverse()) {
    const longer = new Uint8Array(path.length + 6);
    path = longer.subarray(0, prepend(path, 0, path.length, as, longer, 0));
  }
  return view.with(AttributeType.AsPath, path);
}

function communityChange(action: CommunityAction): Change {
  const type = COMMUNITY_TYPE[action.of];
  const size = COMMUNITY_SIZE[action.of];
  if (action.by === 'set') {
    const value = action.octets.length === 0 ? undefined : inOrder(action.octets, size);
    return (view) => (value === undefined && !view.has(type) ? view : view.with(type, value));
  }
  if (action.by === 'remove') {
    const test = communityTest(action.of, action.patterns);
    return (view) => {
      const [from, end] = [view.from(type), view.to(type)];
      let kept = 0;
      for (let at = from; at < end; at += size) if (!test(view.bytes, at)) kept += size;
      if (kept === end - from) return view;
      if (kept === 0) return view.with(type, undefined);
      const value = new Uint8Array(kept);
      let to = 0;
      for (let at = from; at < end; at += size)
        if (!test(view.bytes, at)) to = copy(view.bytes, at, at + size, value, to);
      return view.with(type, value);
    };
  }
  return additionOf(type, size, action.octets);
}

/** What is added has its place found among what is there: nearly all sets stand in order, as they should. */
function additionOf(type: number, size: number, octets: readonly number[]): Change {
  const added = Uint8Array.from(inOrder(octets, size));
  let merged = new Uint8Array(1024);
  return (view) => {
    const [from, end] = [view.from(type), view.to(type)];
    if (!isInOrder(view.bytes, from, end, size)) return addedAnew(view, type, size, octets);
    const most = end - from + added.length;
    if (most > merged.length) merged = new Uint8Array(2 * most);
    const { bytes } = view;
    let at = from;
    let to = 0;
    for (let item = 0; item < added.length; item += size) {
      let order = -1;
      for (; at < end; at += size) {
        order = compareItems(bytes, at, added, item, size);
        if (order >= 0) break;
        to = copy(bytes, at, at + size, merged, to);
      }
      // It is there already, or was just added.
      if (at < end && order === 0) continue;
      if (to > 0 && compareItems(merged, to - size, added, item, size) === 0) continue;
      to = copy(added, item, item + size, merged, to);
    }
    if (to + end - at === end - from) return view;
    to = copy(bytes, at, end, merged, to);
    return view.withPart(type, merged, 0, to);
  };
}

function addedAnew(
  view: AttributeView,
  type: number,
  size: number,
  octets: readonly number[],
): AttributeView {
  const value = [...view.bytes.subarray(view.from(type), view.to(type))];
  const before = value.length;
  for (let at = 0; at < octets.length; at += size) {
    const item = octets.slice(at, at + size);
    if (!hasItem(value, item)) value.push(...item);
  }
  return value.length === before ? view : view.with(type, inOrder(value, size));
}

function isInOrder(bytes: Uint8Array, from: number, end: number, size: number): boolean {
  for (let at = from + size; at < end; at += size)
    if (compareItems(bytes, at - size, bytes, at, size) > 0) return false;
  return true;
}

function compareItems(a: Uint8Array, atA: number, b: Uint8Array, atB: number, size: number): number {
  for (let i = 0; i < size; i++) {
    const difference = (a[atA + i] as number) - (b[atB + i] as number);
    if (difference !== 0) return difference;
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

function hasItem(value: readonly number[], octets: readonly number[]): boolean {
  for (let at = 0; at < value.length; at += octets.length)
    if (octets.every((octet, i) => value[at + i] === octet)) return true;
  return false;
}
