/**
 * Refreshes, both ways (RFC 2918, RFC 7313). What is under way stands in the session record (I1): a graft or a crash goes on from
 * there.
 *
 *   the neighbour asks ─→ BoRR ─→ what its view says, page by page (blade/blade.ts) ─→ EoRR
 *   BoRR from it ─→ all routes of the family are stale (stale.ts; nothing is read meanwhile) ─→ it tells all again ─→ EoRR:
 *   what is stale still is withdrawn; until it is, the next BoRR waits to be read
 *
 * Without the enhanced form on both sides there are no borders, and nothing becomes stale.
 */
import { FAMILY_IPV4, multiprotocolOf } from '../../bgp/families.ts';
import { encodeRouteRefresh, RefreshKind } from '../../bgp/message.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION, SESSION_FLAG, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { StaleRoutes } from './stale.ts';

export class Refreshes {
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #stale: StaleRoutes;
  readonly #send: (message: Uint8Array) => void;

  constructor(fabric: Fabric, session: number, stale: StaleRoutes, send: (message: Uint8Array) => void) {
    this.#fabric = fabric;
    this.#session = session;
    this.#stale = stale;
    this.#send = send;
  }

  /** Next id of what is repeated for the neighbour; -1: nothing is. */
  get from(): number {
    return this.#get(SESSION.refreshCursor) - 1;
  }

  /** FAMILY_ bits of what is repeated. */
  get families(): number {
    return this.#get(SESSION.refreshFamilies);
  }

  /** RFC 7313 4: it does not begin before the first telling of all routes has ended. */
  get due(): boolean {
    return this.from >= 0 && !(this.#enhanced && this.#get(SESSION.endOfRibDue) !== 0);
  }

  /** Both sides know the borders of RFC 7313. */
  get #enhanced(): boolean {
    return (this.#get(SESSION.flags) & SESSION_FLAG.enhancedRefresh) !== 0;
  }

  // ── asked for by the neighbour ──

  /** A ROUTE-REFRESH for a family that the session has. */
  onRefresh(family: number, kind: number): void {
    // RFC 2918 3: the octet is reserved, and ignored.
    if (!this.#enhanced || kind === RefreshKind.Request) this.#asked(family);
    else if (kind === RefreshKind.Begin) this.#stale.refresh(family);
    else if (kind === RefreshKind.End) this.#stale.end(family);
    // RFC 7313 5: others are ignored.
  }

  #asked(family: number): void {
    const fabric = this.#fabric;
    fabric.count(this.#session, SESSION_NUMBER.refreshesReceived);
    // IPv6 comes behind IPv4: what is being repeated just goes on to it.
    const start = family === FAMILY_IPV4 ? 0 : fabric.prefixes.base6;
    const before = this.from;
    this.#set(SESSION.refreshPath, 0);
    if (this.#enhanced) this.#set(SESSION.refreshBorders, this.#get(SESSION.refreshBorders) | family);
    if (before < 0) this.#goOn(start, family);
    else this.#goOn(Math.min(before, start), this.families | family);
  }

  /** Repeats some of it: `resend` sends what fits, from an id on, and returns the next id, -1 at the end. There is room. */
  repeat(resend: (families: number, from: number) => number): void {
    const { families, from } = this;
    const borders = this.#get(SESSION.refreshBorders);
    if (borders !== 0) this.#sayBorders(borders, RefreshKind.Begin);
    this.#set(SESSION.refreshBorders, 0);
    const next = resend(families, from);
    if (next < 0 && this.#enhanced) this.#sayBorders(families, RefreshKind.End);
    this.#goOn(next, families);
  }

  #sayBorders(families: number, kind: number): void {
    for (const { afi, safi } of multiprotocolOf(families)) this.#send(encodeRouteRefresh(afi, safi, kind));
  }

  #goOn(id: number, families: number): void {
    this.#set(SESSION.refreshFamilies, families);
    this.#set(SESSION.refreshCursor, id + 1);
  }

  /** The session is over, or a new one begins. */
  forget(): void {
    this.#set(SESSION.refreshBorders, 0);
    this.#set(SESSION.refreshPath, 0);
    this.#goOn(-1, 0);
  }

  #get(word: number): number {
    return this.#fabric.session(this.#session, word);
  }

  #set(word: number, value: number): void {
    this.#fabric.setSession(this.#session, word, value);
  }
}
