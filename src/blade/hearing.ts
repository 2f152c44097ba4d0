/**
 * How a blade hears one of its neighbours while others flood it. News of a neighbour that has less to say than a slice (limits.ts)
 * is told before what comes out of floods; and between two slices of a flood the blade looks whether a calm neighbour that it
 * reads itself (fabric/lookout.ts) has said something: that is told before the flood goes on.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { declineReading } from '../fabric/lookout.ts';
import type { Session } from './session/session.ts';

/** Slices of floods between two looks, which cost a microsecond each; a power of two. */
const SLICES = 4;

export class Hearing {
  /** A neighbour that sends little is being heard. */
  light = false;
  /** Since the last export, a neighbour that sends little has brought about a change. */
  urgent = false;
  /** That neighbour had been calm: its change is told at once, before the rest of the turn. */
  hurry = false;
  readonly #fabric: Fabric;
  readonly #slice: number;
  #slices = 0;

  constructor(fabric: Fabric, slice: number) {
    this.#fabric = fabric;
    this.#slice = slice;
  }

  /** One slice of what the neighbour has said; true when there is more. */
  hear(session: Session): boolean {
    const { lookout } = this.#fabric;
    const { urgent } = this;
    if (lookout !== undefined) lookout.notice(session.index);
    else declineReading(this.#fabric, session.index);
    this.light = session.waitingBytes < this.#slice;
    session.receive();
    if (lookout !== undefined && lookout.size > 0) {
      if (!this.light) {
        if ((++this.#slices & (SLICES - 1)) === 0) lookout.look(0);
      } else if (this.urgent && !urgent && lookout.isCalm(session.index)) this.hurry = true;
    }
    this.light = false;
    const { readMore } = session;
    if (lookout === undefined || (readMore && session.waitingBytes >= this.#slice)) return readMore;
    return lookout.refill(session.index) || readMore;
  }
}
