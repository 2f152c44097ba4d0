/**
 * Graceful restart as the helper (RFC 4724 4.2, RFC 8538): the neighbour's connection is lost, its routes stay in use as
 * *stale* ones until it has told all again, or its time is up.
 *
 *   lost ─→ mark every route ─→ (up again: what it tells anew is stale no longer) ─→ End-of-RIB ─→ withdraw what is stale
 *                      └─→ restart time over, or up again without having kept its forwarding state ─→ withdraw all that is
 *
 * Stale is a bit of the route's word; nothing that anybody decides depends on it, and nobody is told. Walks go page by
 * page, and stand in the session record with their cursor (I1): a graft or a crash in the middle goes on from there.
 */
import type { Clock } from '../base/clock.ts';
import type { GracefulRestart } from '../bgp/capabilities.ts';
import { FAMILY_IPV4, FAMILY_IPV6, familyBit } from '../bgp/families.ts';
import { type EndCause, GRACEFUL } from '../bgp/graceful.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { PAGE_WORDS, SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import { STALE } from '../rib/route-word.ts';
import type { Routes } from './routes.ts';

/** After the session is up again, the neighbour has so long to say End-of-RIB, milliseconds. */
const END_OF_RIB_WITHIN = 360_000;

/** What a walk does. */
const WALK = { none: 0, mark: 1, withdraw: 2 } as const;

/** What the record keeps of the neighbour's capability: families, whether NOTIFICATIONs count, seconds. */
const RECORD = { families: 3, notification: 1 << 8, agreed: 1 << 9, time: 16 } as const;

/** `ours`, `theirs`: what both OPENs said; undefined: nothing. */
export function gracefulRecord(
  ours: GracefulRestart | undefined,
  theirs: GracefulRestart | undefined,
): number {
  if (ours === undefined || theirs === undefined) return 0;
  const families = theirs.families.reduce((bits, { afi, safi }) => bits | familyBit(afi, safi), 0);
  const notification = ours.flags & theirs.flags & GRACEFUL.notification ? RECORD.notification : 0;
  return families | notification | RECORD.agreed | (theirs.restartTime << RECORD.time);
}

export class StaleRoutes {
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #clock: Clock;

  constructor(fabric: Fabric, session: number, clock: Clock) {
    this.#fabric = fabric;
    this.#session = session;
    this.#clock = clock;
  }

  /** FAMILY_ bits of which there are stale routes. */
  get families(): number {
    return this.#fabric.session(this.#session, SESSION.staleFamilies);
  }

  get walking(): boolean {
    return this.#fabric.session(this.#session, SESSION.staleCursor) !== 0;
  }

  /** Nothing new may come before all that was there is marked. */
  get marking(): boolean {
    return this.walking && this.#fabric.session(this.#session, SESSION.staleWalk) === WALK.mark;
  }

  /** Both sides know of graceful restart. */
  get agreed(): boolean {
    return (this.#record & RECORD.agreed) !== 0;
  }

  /** RFC 8538 2: both sides take a NOTIFICATION for a reason to keep routes, unless it is a Hard Reset. */
  get notificationsCount(): boolean {
    return (this.#record & RECORD.notification) !== 0;
  }

  /** The session ended: true when routes are kept, and marked in a walk that begins. */
  keep(cause: EndCause): boolean {
    const families = this.#record & RECORD.families;
    const seconds = this.#record >>> RECORD.time;
    const kept = cause === 'lost' || (cause === 'notified' && this.notificationsCount);
    if (!kept || families === 0 || seconds === 0) {
      this.forget();
      return false;
    }
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.staleUntil, this.#clock() + seconds * 1000);
    this.#begin(WALK.mark, families);
    this.#set(SESSION.staleFamilies, families);
    return true;
  }

  /** Nothing is stale: all goes, or all came anew. */
  forget(): void {
    for (const word of [SESSION.staleCursor, SESSION.staleFamilies, SESSION.staleWalk]) this.#set(word, 0);
  }

  /** The session is up again: only where the neighbour kept its forwarding state its stale routes stay (RFC 4724 4.2). */
  up(record: number, theirs: GracefulRestart | undefined): void {
    this.#set(SESSION.graceful, record);
    const { families } = this;
    if (families === 0) return;
    const kept = (theirs?.families ?? []).filter(({ flags }) => flags & GRACEFUL.forwarding);
    const stays = kept.reduce((bits, { afi, safi }) => bits | familyBit(afi, safi), 0) & families;
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.staleUntil, this.#clock() + END_OF_RIB_WITHIN);
    if (stays !== families) this.end(families & ~stays);
  }

  /** End-of-RIB of some families, or no hope for them: what is still stale is withdrawn. */
  end(families: number): void {
    const gone = families & this.families;
    if (gone === 0) return;
    const walking = this.walking ? this.#fabric.session(this.#session, SESSION.staleWalkFamilies) : 0;
    this.#begin(WALK.withdraw, gone | walking);
  }

  /** When to look again, milliseconds. Time that is up: `expired`. */
  get deadline(): number {
    return this.families === 0 || this.walking
      ? Number.POSITIVE_INFINITY
      : this.#fabric.number(this.#session, SESSION_NUMBER.staleUntil);
  }

  /** Some pages of the walk; true when more are left. */
  walk(routes: Routes, pages: number): boolean {
    const { columns } = this.#fabric;
    const mark = this.marking;
    const families = this.#fabric.session(this.#session, SESSION.staleWalkFamilies);
    let page = this.#fabric.session(this.#session, SESSION.staleCursor) - 1;
    for (; page < columns.pages && pages > 0; page++) {
      if (columns.directories[this.#session * columns.pages + page] === 0) continue;
      const family = page * PAGE_WORDS < this.#fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6;
      if (mark) this.#markPage(routes, page, (families & family) !== 0);
      else if (families & family) this.#withdrawPage(routes, page);
      pages--;
    }
    const more = page < columns.pages;
    this.#set(SESSION.staleCursor, more ? page + 1 : 0);
    if (!more && !mark) this.#set(SESSION.staleFamilies, this.families & ~families);
    return more;
  }

  /** What was stale already was never told again: the neighbour restarted twice, and it goes (RFC 4724 4.2). */
  #markPage(routes: Routes, page: number, kept: boolean): void {
    const { columns } = this.#fabric;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      const word = columns.get(this.#session, id);
      if (word === 0) continue;
      if (!kept || word & STALE) routes.withdraw(this.#session, id);
      else columns.set(this.#session, id, word | STALE);
    }
  }

  #withdrawPage(routes: Routes, page: number): void {
    const { columns } = this.#fabric;
    let fresh = 0;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      const word = columns.get(this.#session, id);
      if (word & STALE) routes.withdraw(this.#session, id);
      else if (word !== 0) fresh++;
    }
    if (fresh === 0) columns.dropPage(this.#session, page);
  }

  get #record(): number {
    return this.#fabric.session(this.#session, SESSION.graceful);
  }

  /** The cursor last: a walk is whole in the record when there is one. */
  #begin(walk: number, families: number): void {
    this.#set(SESSION.staleWalk, walk);
    this.#set(SESSION.staleWalkFamilies, families);
    this.#set(SESSION.staleCursor, 1);
  }

  #set(word: number, value: number): void {
    this.#fabric.setSession(this.#session, word, value);
  }
}
