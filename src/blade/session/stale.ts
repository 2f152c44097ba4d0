/**
 * Graceful restart as the helper (RFC 4724 4.2, RFC 8538): the neighbour's connection is lost, its routes stay in use as
 * *stale* ones until it has told all again, or its time is up; and where both sides want it, for a long time more (RFC 9494).
 *
 *   lost ─→ mark every route ─→ (up again: what it tells anew is stale no longer) ─→ End-of-RIB ─→ withdraw what is stale
 *                      ├─→ restart time over, or up again without having kept its forwarding state ─→ withdraw all that is
 *                      └─→ restart time over, long-lived: lower every stale route ─→ … ─→ long time over ─→ withdraw
 *
 * A neighbour that begins an enhanced refresh makes its routes stale in the same way (RFC 7313), while the session is up.
 *
 * Stale is a bit of the route's word; nothing that anybody decides depends on it, and nobody is told. A route that is *lowered* has
 * another attribute set, with LLGR_STALE: that every decision puts behind all others, and it is told like any change. Walks go page
 * by page, and stand in the session record with their cursor (I1): a graft or a crash in the middle goes on from there.
 */
import type { Clock } from '../../base/clock.ts';
import { Community } from '../../bgp/attribute-table.ts';
import { CANONICAL_ROOM } from '../../bgp/canonical.ts';
import type { Capabilities } from '../../bgp/capabilities.ts';
import { addCommunity, hasCommunity } from '../../bgp/communities.ts';
import { FAMILIES, FAMILY_IPV4, FAMILY_IPV6, familyBit } from '../../bgp/families.ts';
import { type EndCause, GRACEFUL } from '../../bgp/graceful.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { PAGE_WORDS, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import { NO_ROOM } from '../../policy/runner.ts';
import { LENGTHS, LONG_STALE, ROW } from '../../rib/attribute-row.ts';
import { dropRoutePage, hasRoutePage, receivedAttribute } from '../../rib/received.ts';
import { ATTRIBUTE_MASK, STALE } from '../../rib/route-word.ts';
import type { ImportRule } from '../policies.ts';
import type { Routes } from '../routes/routes.ts';

/** After the session is up again, the neighbour has so long to say End-of-RIB, milliseconds. */
const END_OF_RIB_WITHIN = 360_000;

/** What a walk does with the routes of a family; those of IPv6 stand four bits higher in the record. */
const WALK = { nothing: 0, mark: 1, lower: 2, withdraw: 3, drop: 4, markAnew: 5 } as const;
const WALK_BITS = 4;

/** What the record keeps of the neighbour's capability: families, whether NOTIFICATIONs count, seconds. */
const RECORD = { families: 3, notification: 1 << 8, agreed: 1 << 9, time: 16 } as const;

/** By family: for how many seconds its routes are kept for long, and until when. */
const LONG = [
  { bit: FAMILY_IPV4, seconds: SESSION.longLived4, until: SESSION_NUMBER.longUntil4 },
  { bit: FAMILY_IPV6, seconds: SESSION.longLived6, until: SESSION_NUMBER.longUntil6 },
] as const;

const scratch = new Uint8Array(CANONICAL_ROOM);

/** What both OPENs say of graceful restart, as the record keeps it. */
function gracefulRecord(ours: Capabilities, theirs: Capabilities): number {
  const [a, b] = [ours.gracefulRestart, theirs.gracefulRestart];
  if (a === undefined || b === undefined) return 0;
  const families = b.families.reduce((bits, { afi, safi }) => bits | familyBit(afi, safi), 0);
  const notification = a.flags & b.flags & GRACEFUL.notification ? RECORD.notification : 0;
  return families | notification | RECORD.agreed | (b.restartTime << RECORD.time);
}

const forwarded = (
  families: readonly { readonly afi: number; readonly safi: number; readonly flags: number }[] | undefined,
): number =>
  (families ?? [])
    .filter(({ flags }) => flags & GRACEFUL.forwarding)
    .reduce((bits, { afi, safi }) => bits | familyBit(afi, safi), 0);

const names = (families: number): string =>
  FAMILIES.filter(({ bit }) => families & bit)
    .map(({ family }) => family)
    .join(' and ');

export class StaleRoutes {
  /** Routes that were not kept for long as the dictionary was full. */
  longLivedUnroomed = 0;
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #clock: Clock;
  /** For the log: what becomes of the routes of whoever did not come back. */
  readonly #say: (text: string) => void;

  constructor(fabric: Fabric, session: number, clock: Clock, say: (text: string) => void) {
    this.#fabric = fabric;
    this.#session = session;
    this.#clock = clock;
    this.#say = say;
  }

  /** FAMILY_ bits of which there are stale routes. */
  get families(): number {
    return this.#fabric.session(this.#session, SESSION.staleFamilies);
  }

  /** Those of them that are kept for long. */
  get longLived(): number {
    return this.#fabric.session(this.#session, SESSION.longLivedFamilies);
  }

  get walking(): boolean {
    return this.#fabric.session(this.#session, SESSION.staleCursor) !== 0;
  }

  /** Nothing new may come before all that was there is marked. */
  get marking(): boolean {
    const marks = (action: number): boolean => action === WALK.mark || action === WALK.markAnew;
    return this.walking && LONG.some(({ bit }) => marks(this.#action(bit)));
  }

  /** Both sides know of graceful restart. */
  get agreed(): boolean {
    return (this.#record & RECORD.agreed) !== 0;
  }

  /** The neighbour keeps forwarding while it restarts, or said that we may keep its routes for long. */
  get returns(): boolean {
    return this.agreed && ((this.#record & RECORD.families) | this.#longLivedAgreed) !== 0;
  }

  /** RFC 8538 2: both sides take a NOTIFICATION for a reason to keep routes, unless it is a Hard Reset. */
  get notificationsCount(): boolean {
    return (this.#record & RECORD.notification) !== 0;
  }

  /** The session ended: true when routes are kept, and marked in a walk that begins. */
  keep(cause: EndCause): boolean {
    const seconds = this.#record >>> RECORD.time;
    const agreed = (seconds === 0 ? 0 : this.#record & RECORD.families) | this.#longLivedAgreed;
    const families = agreed & ~this.#dropping;
    const kept = cause === 'lost' || (cause === 'notified' && this.notificationsCount);
    if (!kept || families === 0) {
      this.forget();
      return false;
    }
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.staleUntil, this.#clock() + seconds * 1000);
    this.#set(SESSION.longLivedFamilies, this.longLived & families);
    this.#begin((bit) => (families & bit ? WALK.mark : WALK.drop));
    this.#set(SESSION.staleFamilies, families);
    return true;
  }

  /** Nothing is stale: all goes, or all came anew. */
  forget(): void {
    this.#set(SESSION.staleCursor, 0);
    for (const word of [SESSION.staleFamilies, SESSION.staleWalk, SESSION.longLivedFamilies])
      this.#set(word, 0);
  }

  /**
   * The session is up again: only where the neighbour kept its forwarding state its stale routes stay (RFC 4724 4.2, RFC 9494 4.2).
   * `longest`: seconds for which we keep routes for long, whatever the neighbour says.
   */
  up(ours: Capabilities, theirs: Capabilities, longest: number): void {
    const record = gracefulRecord(ours, theirs);
    this.#set(SESSION.graceful, record);
    // RFC 9494 3.1: the capability says nothing without the other one.
    const wanted = record === 0 || ours.longLived === undefined ? undefined : theirs.longLived;
    for (const { bit, seconds } of LONG) {
      const theirTime = wanted?.find(({ afi, safi }) => familyBit(afi, safi) === bit)?.seconds ?? 0;
      this.#set(seconds, Math.min(theirTime, longest));
    }
    const { families, longLived } = this;
    if (families === 0) return;
    const stays =
      (forwarded(theirs.gracefulRestart?.families) & ~longLived) | (forwarded(wanted) & longLived);
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.staleUntil, this.#clock() + END_OF_RIB_WITHIN);
    this.end(families & ~stays);
  }

  /** End-of-RIB of some families, or no hope for them: what is still stale is withdrawn. */
  end(families: number): void {
    const gone = families & this.families;
    if (gone === 0) return;
    this.#set(SESSION.longLivedFamilies, this.longLived & ~gone);
    this.#begin((bit) => (gone & bit ? WALK.withdraw : this.walking ? this.#action(bit) : WALK.nothing));
  }

  /** The neighbour begins to tell all of a family again (RFC 7313 4): until it has, what it told before is stale. */
  refresh(family: number): void {
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.staleUntil, this.#clock() + END_OF_RIB_WITHIN);
    this.#begin((bit) => (family & bit ? WALK.markAnew : this.walking ? this.#action(bit) : WALK.nothing));
    this.#set(SESSION.staleFamilies, this.families | family);
  }

  /** All that it told of a family goes, stale or not. */
  drop(family: number): void {
    this.#set(SESSION.longLivedFamilies, this.longLived & ~family);
    this.#begin((bit) => (family & bit ? WALK.drop : this.walking ? this.#action(bit) : WALK.nothing));
  }

  /** When to look again, milliseconds. */
  get deadline(): number {
    if (this.families === 0 || this.walking) return Number.POSITIVE_INFINITY;
    const { longLived } = this;
    const ends = LONG.filter(({ bit }) => longLived & bit).map(({ until }) => this.#number(until));
    return Math.min(this.#number(SESSION_NUMBER.staleUntil), ...ends);
  }

  /**
   * The time of some is up: of those that the neighbour, up again, has not told within its time; of those that were kept for long; and
   * the restart time of whoever has not come back: then theirs begins that are kept for long.
   */
  expire(now: number, established: boolean): void {
    const { families, longLived } = this;
    const restartOver = now >= this.#number(SESSION_NUMBER.staleUntil);
    const long = established || !restartOver ? 0 : families & this.#longLivedAgreed;
    let gone = restartOver ? families & ~long : 0;
    for (const { bit, until } of LONG) if (longLived & bit && now >= this.#number(until)) gone |= bit;
    const lowered = long & ~gone;
    // Those whose long time runs already have been up in the middle of it: it does not begin anew (RFC 9494 4.2).
    for (const { bit, seconds, until } of LONG) {
      if ((lowered & ~longLived & bit) === 0) continue;
      const time = this.#fabric.session(this.#session, seconds);
      this.#fabric.setNumber(this.#session, until, now + time * 1000);
      this.#say(`not back in time: its ${names(bit)} routes are kept for ${time} s more, behind all others`);
    }
    if (gone !== 0)
      this.#say(`${established ? 'no End-of-RIB' : 'not back'} in time: its stale ${names(gone)} routes go`);
    this.#set(SESSION.longLivedFamilies, (longLived | lowered) & ~gone);
    this.#begin((bit) => (gone & bit ? WALK.withdraw : lowered & bit ? WALK.lower : WALK.nothing));
    // Last: if the blade dies before the walk stands in the record, the next one finds the time up again, and begins it.
    if (restartOver)
      this.#fabric.setNumber(this.#session, SESSION_NUMBER.staleUntil, Number.POSITIVE_INFINITY);
  }

  /** The routes were filtered anew, from what the neighbour told: those kept for long are lowered once more. */
  lowerAgain(): void {
    const { longLived } = this;
    if (longLived === 0) return;
    this.#begin((bit) =>
      this.walking && this.#action(bit) !== WALK.nothing
        ? this.#action(bit)
        : longLived & bit
          ? WALK.lower
          : WALK.nothing,
    );
  }

  /** FAMILY_ bits of what is on its way out, whatever becomes of the session. */
  get #dropping(): number {
    if (!this.walking) return 0;
    return LONG.reduce((bits, { bit }) => (this.#action(bit) === WALK.drop ? bits | bit : bits), 0);
  }

  /** Some pages of the walk; true when more are left. */
  walk(routes: Routes, pages: number, rule: ImportRule): boolean {
    const { columns } = this.#fabric;
    const lowered = new Map<number, number>();
    const { longLivedUnroomed: before } = this;
    let page = this.#fabric.session(this.#session, SESSION.staleCursor) - 1;
    for (; page < columns.pages && pages > 0; page++) {
      const family = page * PAGE_WORDS < this.#fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6;
      const action = this.#action(family);
      for (let lane = 0; lane < this.#fabric.sourceCount(this.#session); lane++) {
        const source = this.#fabric.sourceAt(this.#session, lane);
        if (!hasRoutePage(this.#fabric, source, page)) continue;
        if (action === WALK.mark) this.#markPage(routes, source, page, (this.longLived & family) !== 0);
        else if (action === WALK.lower) this.#lowerPage(routes, source, page, lowered, rule);
        else if (action === WALK.withdraw) this.#withdrawPage(routes, source, page, STALE);
        else if (action === WALK.drop) this.#withdrawPage(routes, source, page, -1);
        else if (action === WALK.markAnew) this.#markAnew(source, page);
        pages--;
      }
    }
    const more = page < columns.pages;
    const lost = this.longLivedUnroomed - before;
    if (lost > 0) this.#say(`a table of the fabric is full: ${lost} of its stale routes go`);
    this.#set(SESSION.staleCursor, more ? page + 1 : 0);
    if (!more)
      for (const { bit } of LONG)
        if (this.#action(bit) === WALK.withdraw || this.#action(bit) === WALK.drop)
          this.#set(SESSION.staleFamilies, this.families & ~bit);
    return more;
  }

  /**
   * What was stale already was never told again: the neighbour restarted twice, and it goes (RFC 4724 4.2), unless its long time
   * has begun.
   */
  #markPage(routes: Routes, source: number, page: number, longLived: boolean): void {
    const { columns } = this.#fabric;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      const word = columns.get(source, id);
      if (word === 0 || (word & STALE && longLived)) continue;
      if (word & STALE) routes.withdraw(source, id);
      else columns.set(source, id, word | STALE);
    }
  }

  /** What is stale from before stays so. */
  #markAnew(source: number, page: number): void {
    const { columns } = this.#fabric;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      const word = columns.get(source, id);
      if (word !== 0) columns.set(source, id, word | STALE);
    }
  }

  /**
   * RFC 9494 4.2, 4.3: LLGR_STALE puts a route behind all others; one with NO_LLGR is not kept. Import policy sees the route as if it
   * had been told so.
   */
  #lowerPage(
    routes: Routes,
    source: number,
    page: number,
    lowered: Map<number, number>,
    rule: ImportRule,
  ): void {
    const fabric = this.#fabric;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      const word = fabric.columns.get(source, id);
      if ((word & STALE) === 0) continue;
      const attribute = receivedAttribute(fabric, source, id, word);
      if ((fabric.attributes.rows[attribute * ROW + LENGTHS] as number) & LONG_STALE) continue;
      let lower = lowered.get(attribute);
      if (lower === undefined) lowered.set(attribute, (lower = this.#lowered(attribute)));
      // RFC 9494 4.2: also where import policy says so, not the neighbour.
      const used = word & ATTRIBUTE_MASK;
      if (used !== attribute && this.#saysNo(used)) lower = 0;
      const stays = lower > 0 && routes.announce(source, id, lower, rule, STALE);
      if (!stays) routes.withdraw(source, id);
      if (!stays && lower !== 0) this.longLivedUnroomed++;
      fabric.count(this.#session, stays ? SESSION_NUMBER.longLivedRoutes : SESSION_NUMBER.noLongLivedRoutes);
    }
  }

  /** The set with LLGR_STALE; 0: it says NO_LLGR; NO_ROOM. */
  #lowered(attribute: number): number {
    if (this.#saysNo(attribute)) return 0;
    const { attributes } = this.#fabric;
    const start = attributes.offsetOf(attribute);
    const end = start + attributes.lengthOf(attribute);
    const length = addCommunity(attributes.bytes, start, end, Community.LlgrStale, scratch, 0);
    return attributes.intern(scratch, 0, length, true) || NO_ROOM;
  }

  #saysNo(attribute: number): boolean {
    const { attributes } = this.#fabric;
    const start = attributes.offsetOf(attribute);
    const end = start + attributes.lengthOf(attribute);
    return hasCommunity(attributes.bytes, start, end, Community.NoLlgr);
  }

  /** Withdraws the routes whose words have one of these bits. */
  #withdrawPage(routes: Routes, source: number, page: number, bits: number): void {
    const { columns } = this.#fabric;
    let others = 0;
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      const word = columns.get(source, id);
      if (word & bits) routes.withdraw(source, id);
      else if (word !== 0) others++;
    }
    if (others === 0) dropRoutePage(this.#fabric, source, page);
  }

  get #record(): number {
    return this.#fabric.session(this.#session, SESSION.graceful);
  }

  /** FAMILY_ bits that both sides keep for long. */
  get #longLivedAgreed(): number {
    return LONG.reduce(
      (bits, { bit, seconds }) => (this.#fabric.session(this.#session, seconds) > 0 ? bits | bit : bits),
      0,
    );
  }

  /** What the walk does with a family. */
  #action(family: number): number {
    const walk = this.#fabric.session(this.#session, SESSION.staleWalk);
    return (family === FAMILY_IPV4 ? walk : walk >>> WALK_BITS) & ((1 << WALK_BITS) - 1);
  }

  /** A walk is whole in the record when there is a cursor; one that is under way begins anew before it does anything else. */
  #begin(action: (family: number) => number): void {
    const walk = action(FAMILY_IPV4) | (action(FAMILY_IPV6) << WALK_BITS);
    if (this.walking) this.#set(SESSION.staleCursor, 1);
    this.#set(SESSION.staleWalk, walk);
    this.#set(SESSION.staleCursor, walk === 0 ? 0 : 1);
  }

  #number(which: number): number {
    return this.#fabric.number(this.#session, which);
  }

  #set(word: number, value: number): void {
    this.#fabric.setSession(this.#session, word, value);
  }
}
