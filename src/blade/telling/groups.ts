/**
 * The update groups of one blade: who is in which, who leaves because it cannot keep up, who joins again.
 *
 *   came up, grafted here, fell behind ─→ alone ─→ told all that the larger group was told ─→ joined
 */
import type { Fabric } from '../../fabric/fabric.ts';
import type { Journal } from '../../fabric/journal.ts';
import { SESSION } from '../../fabric/layout.ts';
import type { PolicyBook } from '../../policy/book.ts';
import { OutViews, VIEW_PAGE_IDS } from '../../rib/adj-rib-out.ts';
import type { Limits } from '../limits.ts';
import { type BestRoutes, Desk } from './desk.ts';
import { Exporter, type ExportRules, groupKey } from './exporter.ts';
import { orderMembers } from './telling-order.ts';
import { STARVED, UpdateGroup } from './update-group.ts';

/** Whoever fell behind stays alone so long at least. */
const ALONE = 5000;
/** Pages made a view's own, or compared, in one turn. */
const SETTLE_PAGES = 16;
const COMPARE_PAGES = 32;
/** Of so many kinds of neighbours, the first ones, it is remembered what becomes of every set for them. */
const FEW = 4;

const NEVER = (): boolean => false;

/** A session whose blade died. */
export interface Orphan {
  readonly session: { readonly index: number; group: UpdateGroup | undefined };
  readonly rules: ExportRules;
}

export class Groups {
  readonly all: UpdateGroup[] = [];
  /** When to look again though nobody rings, monotonic milliseconds: somebody's patience ends then. */
  lookAgainAt = Number.POSITIVE_INFINITY;
  /** Those that are told anything at all. */
  readonly #told: UpdateGroup[] = [];
  readonly #primary = new Map<string, UpdateGroup>();
  /** Kept when the last group of a kind is gone: a graft may bring the next one. */
  readonly #exporters = new Map<string, Exporter>();
  readonly #joinNotBefore = new Map<UpdateGroup, number>();
  readonly #fabric: Fabric;
  readonly #views: OutViews;
  readonly #best: BestRoutes;
  readonly #limits: Limits;
  readonly #journal: Journal;
  readonly #policies: PolicyBook;
  readonly #desk: Desk;
  /** The group whose turn it is to export, where there was no time for all; and whether one before it has more. */
  #next = 0;
  #more = false;
  /** The group that has told some of its members what others are still to be told. */
  #teller: UpdateGroup | undefined;

  constructor(fabric: Fabric, best: BestRoutes, limits: Limits, journal: Journal, policies: PolicyBook) {
    this.#fabric = fabric;
    this.#views = new OutViews(fabric);
    this.#best = best;
    this.#limits = limits;
    this.#journal = journal;
    this.#policies = policies;
    this.#desk = new Desk(fabric, best);
  }

  beginTurn(): void {
    this.#desk.gaveWay = false;
  }

  /** No group is told anything. */
  get tellsNobody(): boolean {
    return this.#told.length === 0;
  }

  /** A session that has been told nothing yet. */
  admit(session: number, rules: ExportRules): UpdateGroup {
    const key = groupKey(rules);
    const primary = this.#primary.get(key);
    if (primary?.untouched && primary.cursor === 0) {
      primary.add(session);
      return primary;
    }
    const group = this.#create(key, rules, this.#views.create());
    group.add(session);
    return group;
  }

  /** A session that was told elsewhere what its view says; `cursor`: its walk over the full table. */
  adopt(session: number, rules: ExportRules, view: number, cursor: number): UpdateGroup {
    const group = this.#create(groupKey(rules), rules, view);
    group.untouched = false;
    group.recounting = this.#fabric.session(session, SESSION.recount) !== 0;
    group.cursor = group.recounting ? 0 : cursor;
    group.add(session);
    return group;
  }

  /**
   * Sessions whose blade died go on with what they were told, those of one view in one group; everything is looked at again.
   * Where their rules were changed, and their blade died before it saw that, they part.
   */
  adoptOrphans(orphans: readonly Orphan[]): void {
    const views = new Map<number, Map<string, Orphan[]>>();
    for (const orphan of orphans) {
      const { index } = orphan.session;
      const key = groupKey(orphan.rules);
      const view = this.#fabric.session(index, SESSION.view) - 1;
      const kinds = views.get(view) ?? new Map<string, Orphan[]>();
      views.set(view, kinds.set(key, [...(kinds.get(key) ?? []), orphan]));
      this.#fabric.setSession(index, SESSION.recount, 1);
    }
    for (const [view, kinds] of views) {
      const branches = kinds.size === 1 ? [view] : this.#views.branch(view, kinds.size);
      for (const kind of kinds.values()) this.#adoptTogether(kind, branches.pop() as number);
    }
  }

  #adoptTogether(kind: readonly Orphan[], view: number): void {
    const [{ session, rules }, ...others] = kind as [Orphan, ...Orphan[]];
    const group = this.adopt(session.index, rules, view, 0);
    for (const other of others) group.add(other.session.index);
    for (const each of kind) each.session.group = group;
  }

  /** The session is told nothing more; its view is dropped with it. */
  dismiss(session: number, group: UpdateGroup): void {
    group.remove(session);
    if (group.members.length === 0) this.#finish(group);
    // First, so that no record ever names a view that may be somebody else's by now.
    this.#fabric.setSession(session, SESSION.view, 0);
    if (group.members.length > 0) return;
    this.#delete(group);
    this.#views.drop(group.view);
  }

  /** The session leaves with a view of its own of what it was told; the group goes on. */
  detach(session: number, group: UpdateGroup): void {
    this.#finish(group);
    group.remove(session);
    if (group.members.length === 0) {
      this.#delete(group);
      return;
    }
    const [stays, leaves] = this.#views.fork(group.view);
    group.moveTo(stays);
    this.#fabric.setSession(session, SESSION.view, leaves + 1);
  }

  /** Members that other rules hold for now leave with what they were told; all is looked at once more for them. */
  split(sessions: readonly number[], group: UpdateGroup, rules: ExportRules): UpdateGroup {
    this.#finish(group);
    for (const session of sessions) group.remove(session);
    let { view } = group;
    if (group.members.length === 0) this.#delete(group);
    else {
      const [stays, leaves] = this.#views.fork(view);
      group.moveTo(stays);
      view = leaves;
    }
    const next = this.#create(groupKey(rules), rules, view);
    next.untouched = false;
    next.pending = group.pending.copy();
    for (const id of next.exporter.originated.keys()) next.mark(id);
    next.recounting = group.recounting;
    for (const session of sessions) next.add(session);
    return next;
  }

  /** Policies changed: kinds that nobody is of are not to come back. */
  forgetUnused(): void {
    for (const key of this.#exporters.keys()) if (!this.#primary.has(key)) this.#exporters.delete(key);
  }

  mark(id: number, urgent: boolean): void {
    for (let i = 0; i < this.#told.length; i++) (this.#told[i] as UpdateGroup).mark(id, urgent);
  }

  /** As `mark`, of the first `count` of these. */
  markAll(ids: Int32Array, count: number, urgent: boolean): void {
    for (let i = 0; i < this.#told.length; i++) (this.#told[i] as UpdateGroup).markAll(ids, count, urgent);
  }

  /** For those that are told several paths, or others than the best. */
  markPaths(id: number, urgent: boolean): void {
    for (const group of this.#told) {
      const { paths, instead } = group.exporter.rules;
      if (paths !== undefined || instead !== undefined) group.mark(id, urgent);
    }
  }

  /** Ids of attribute sets may become others' soon. Where some found no room, all is looked at once more. */
  forgetSets(): void {
    for (const exporter of this.#exporters.values()) {
      exporter.forget();
      for (const group of this.all)
        if (group.exporter === exporter) for (const id of exporter.originated.keys()) group.mark(id);
      if (!exporter.failed) continue;
      const groups = this.all.filter((group) => group.exporter === exporter);
      for (const group of groups) if (!group.recounting) group.cursor = 0;
      exporter.failed = false;
      // Whoever counts anew does not begin once more in the middle of it: after the next sweep.
      if (groups.some(({ recounting }) => recounting)) exporter.tryAgain();
    }
  }

  /** Now and then: who is told first. */
  order(): void {
    if (this.telling) return;
    for (const { members } of this.#told) orderMembers(this.#fabric, members);
  }

  /**
   * Sends what waits, one batch of each group; true when more can be sent at once. Calls `moved` for whoever changed groups. There may be as
   * many groups as neighbours: when it is late, the rest have their turn in the next call.
   */
  export(
    now: number,
    moved: (session: number, group: UpdateGroup) => void,
    late: () => boolean = NEVER,
  ): boolean {
    if (this.#next === 0) {
      this.#more = false;
      this.lookAgainAt = Number.POSITIVE_INFINITY;
    }
    if (this.#teller !== undefined) {
      if (!this.#teller.tell(late)) return true;
      if (!this.#teller.quiet && !this.#teller.starved) this.#more = true;
      this.#teller = undefined;
      // The turn ends here, so that a quiescent point is passed: otherwise there would be none for as long as much waits to be told.
      return true;
    }
    while (this.#next < this.all.length) {
      const worked = this.#exportOne(this.all[this.#next++] as UpdateGroup, now, moved, late);
      if (this.telling) return true;
      if (worked && this.#next < this.all.length && late()) return true;
    }
    this.#next = 0;
    return this.#more;
  }

  /** Some groups, or members of one, have had their turn, and others have not. */
  get interrupted(): boolean {
    return this.#next > 0 || this.telling;
  }

  /** Some members of a group have been told what others are still to be told: it is not yet noted, and no quiescent point is passed. */
  get telling(): boolean {
    return this.#teller !== undefined;
  }

  /** Something else is to be done with a group, at once: so its members are all told now. */
  #finish(group: UpdateGroup): void {
    if (this.#teller !== group) return;
    group.tell(NEVER);
    this.#teller = undefined;
  }

  /** True: it took time. */
  #exportOne(
    group: UpdateGroup,
    now: number,
    moved: (session: number, group: UpdateGroup) => void,
    late: () => boolean,
  ): boolean {
    // Whoever has nothing to do, or has to wait, takes no time: a blade that is at rest goes by all of them.
    const worked = !group.quiet && now >= group.waitsUntil;
    if (group.export(now, late)) this.#more = true;
    if (group.telling) this.#teller = group;
    if (group.waitsUntil > now && !group.quiet) this.#lookAgain(group.waitsUntil);
    if (group.starved) this.#lookAgain(group.starvedUntil);
    const { stalled, until } = group.patience;
    if (!stalled) return worked && !group.starved;
    if (now < until) this.#lookAgain(until);
    else {
      this.#setAside(group.membersWithoutRoom(), group, now, moved);
      this.#more = true;
    }
    return false;
  }

  /** Work for an idle turn: views stand on their own again, and those alone join their group. True: more to do. */
  settle(now: number, moved: (session: number, group: UpdateGroup) => void): boolean {
    let more = false;
    for (const group of [...this.all]) {
      if (this.#views.hasBase(group.view) && !this.#views.settle(group.view, SETTLE_PAGES)) {
        if (this.#views.starved) this.#lookAgain(now + STARVED);
        else more = true;
      }
      const primary = this.#primary.get(group.key) as UpdateGroup;
      if (primary !== group && this.#tryJoin(group, primary, now, moved)) more = true;
    }
    return more;
  }

  #lookAgain(at: number): void {
    if (at < this.lookAgainAt) this.lookAgainAt = at;
  }

  #create(key: string, rules: ExportRules, view: number): UpdateGroup {
    if (view < 0) throw new Error('no out view left');
    let exporter = this.#exporters.get(key);
    if (exporter === undefined)
      this.#exporters.set(
        key,
        (exporter = new Exporter(this.#fabric, rules, this.#policies, this.#exporters.size < FEW)),
      );
    exporter.originate();
    const group = new UpdateGroup(
      this.#fabric,
      this.#views,
      this.#best,
      exporter,
      key,
      view,
      this.#limits,
      this.#journal,
      this.#desk,
    );
    for (const id of exporter.originated.keys()) group.mark(id);
    this.all.push(group);
    if (rules.accept) {
      this.#best.attention.widenToAll();
      this.#told.push(group);
    }
    if (!this.#primary.has(key)) this.#primary.set(key, group);
    return group;
  }

  #delete(group: UpdateGroup): void {
    const at = this.all.indexOf(group);
    this.all.splice(at, 1);
    // Those behind it have moved up by one: the group whose turn is next keeps its turn.
    if (at < this.#next) this.#next--;
    if (group.exporter.rules.accept) this.#told.splice(this.#told.indexOf(group), 1);
    this.#joinNotBefore.delete(group);
    if (this.#primary.get(group.key) !== group) return;
    const next = this.all.find((other) => other.key === group.key);
    if (next === undefined) {
      this.#primary.delete(group.key);
    } else this.#primary.set(group.key, next);
    for (const other of this.all) other.comparedPages = 0;
  }

  /** Members that cannot keep up go on by themselves, with a set of their own of what they are still to be told. */
  #setAside(
    sessions: readonly number[],
    group: UpdateGroup,
    now: number,
    moved: (session: number, group: UpdateGroup) => void,
  ): void {
    group.patience.forget();
    if (sessions.length === 0) return;
    for (const session of sessions) group.remove(session);
    const [stays, leaves] = this.#views.fork(group.view);
    group.moveTo(stays);
    const alone = this.#create(group.key, group.exporter.rules, leaves);
    alone.untouched = false;
    alone.recounting = group.recounting;
    alone.cursor = group.recounting ? 0 : group.cursor;
    alone.pending = group.pending.copy();
    this.#joinNotBefore.set(alone, now + ALONE);
    for (const session of sessions) {
      alone.add(session);
      moved(session, alone);
    }
  }

  #tryJoin(
    group: UpdateGroup,
    primary: UpdateGroup,
    now: number,
    moved: (session: number, group: UpdateGroup) => void,
  ): boolean {
    if (!group.quiet || !primary.quiet || group.memberWithoutRoom() >= 0) return false;
    const notBefore = this.#joinNotBefore.get(group) ?? 0;
    if (now < notBefore) {
      this.#lookAgain(notBefore);
      return false;
    }
    const { pages } = this.#views;
    const end = Math.min(pages, group.comparedPages + COMPARE_PAGES);
    for (let page = group.comparedPages; page < end; page++) {
      if (this.#views.samePage(group.view, primary.view, page)) continue;
      this.#examine(page, group, primary);
      return true;
    }
    group.comparedPages = end;
    if (end < pages) return true;
    const view = group.view;
    for (const session of [...group.members]) {
      group.remove(session);
      primary.add(session);
      moved(session, primary);
    }
    this.#delete(group);
    this.#views.drop(view);
    return true;
  }

  /** Both groups are quiet and yet differ: each looks again at this page. */
  #examine(page: number, group: UpdateGroup, primary: UpdateGroup): void {
    const first = page * VIEW_PAGE_IDS;
    for (let id = first; id < first + VIEW_PAGE_IDS; id++) {
      if (
        this.#views.attribute(group.view, id) !== this.#views.attribute(primary.view, id) ||
        this.#views.source(group.view, id) !== this.#views.source(primary.view, id)
      ) {
        group.mark(id);
        primary.mark(id);
      }
    }
    // What the larger group is told of it may part it from those who were found equal already.
    for (const other of this.all) if (other.key === primary.key) other.comparedPages = 0;
  }
}
