/**
 * The card keeps vigil over sessions whose blade is dead, hangs, or is late: it says KEEPALIVE for them, between whole messages, so
 * that no neighbour's hold timer runs out while a new home is found. When it is due stands in the session's numbers; what it is,
 * the chassis has said.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { CARD_NUMBER, SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import type { Vigil } from './messages.ts';

/** Milliseconds between two looks, and how late a blade may be: the shortest hold time of RFC 4271 is 3000. */
export const VIGIL_EVERY = 100;
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

  watch(connection: Watched, now: number): void {
    const fabric = this.#fabric;
    const { session } = connection;
    const due = fabric.number(session, SESSION_NUMBER.keepaliveDue);
    if (now < due + GRACE || now < (this.#next[session] as number)) return;
    if (!this.established(connection)) return;
    const holdTime = fabric.session(session, SESSION.holdTime);
    if (holdTime === 0 || !connection.interject(this.#vigil.message)) return;
    this.#next[session] = now + (holdTime * 1000) / 3;
    fabric.countCard(this.#card, CARD_NUMBER.vigils);
  }
}
