/**
 * The card keeps vigil over sessions whose blade is dead, hangs, or is late: it says KEEPALIVE for them, between whole messages, so
 * that no neighbour's hold timer runs out while a new home is found. When it is due stands in the session's numbers; what it is,
 * the chassis has said.
 */
import type { Clock } from '../base/clock.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { CARD_NUMBER, SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import type { Vigil } from './messages.ts';

/** Milliseconds between two looks, at least and at most, and how late a blade may be: the shortest hold time of RFC 4271 is 3000. */
const LOOK = { soonest: 100, latest: 1000 } as const;
const GRACE = 250;

/** A connection as the vigil sees it. */
export interface Watched {
  readonly session: number;
  readonly which: number;
  /** False while what was said before is still on its way. */
  interject(message: Uint8Array): boolean;
}

export class VigilKeeper {
  readonly #fabric: Fabric;
  readonly #card: number;
  readonly #vigil: Vigil;
  /** By session, when the card is to say it again. */
  readonly #next: Float64Array;

  constructor(fabric: Fabric, card: number, vigil: Vigil) {
    this.#fabric = fabric;
    this.#card = card;
    this.#vigil = vigil;
    this.#next = new Float64Array(fabric.options.sessions);
  }

  /** The session is up, and this is its connection. */
  established({ session, which }: Watched): boolean {
    const fabric = this.#fabric;
    const { state } = this.#vigil;
    return (
      fabric.session(session, SESSION.state) === state &&
      fabric.session(session, SESSION.connection) === which
    );
  }

  /** Says it if it is due; returns when it will be. */
  watch(connection: Watched, now: number): number {
    const fabric = this.#fabric;
    const { session } = connection;
    const due = fabric.number(session, SESSION_NUMBER.keepaliveDue);
    const next = Math.max(due + GRACE, this.#next[session] as number);
    if (now < next) return next;
    if (!this.established(connection)) return now;
    const holdTime = fabric.session(session, SESSION.holdTime);
    if (holdTime === 0) return Number.POSITIVE_INFINITY;
    if (!connection.interject(this.#vigil.message)) return now;
    this.#next[session] = now + (holdTime * 1000) / 3;
    fabric.countCard(this.#card, CARD_NUMBER.vigils);
    return this.#next[session] as number;
  }
}

/**
 * When the card looks at its connections. A thread that sleeps disturbs nobody: so it looks when some KEEPALIVE may be due, or while a
 * connection is still to be lent to its blade, and no sooner. The octets that blades have moved are counted then, too.
 */
export class Looks {
  readonly #look: (now: number) => number;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  /** `look` returns when the next look is due. */
  constructor(look: (now: number) => number, clock: Clock) {
    this.#look = look;
    this.#clock = clock;
    this.soon();
  }

  /** Something is new. */
  readonly soon = (): void => {
    const now = this.#clock();
    if (this.#due > now + LOOK.soonest) this.#at(now, LOOK.soonest);
  };

  stop(): void {
    clearTimeout(this.#timer);
  }

  #at(now: number, milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#due = now + milliseconds;
    this.#timer = setTimeout(() => {
      const now = this.#clock();
      const next = this.#look(now) - now;
      this.#at(now, Math.min(LOOK.latest, Math.max(LOOK.soonest, next)));
    }, milliseconds);
  }
}
