/** What filtering an Adj-RIB-In again waits for when a table is full, and what ends the session if it waits in vain. */
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';
import { hasSwept, Room } from '../../fabric/room.ts';
import { outOfResources } from './cease.ts';
import type { Fault } from './track-owner.ts';

export class Filtering {
  readonly #fabric: Fabric;
  readonly #session: number;
  #room: Room | undefined;
  /** The sweep for ids that is waited for; 0: none. */
  #after = 0;

  constructor(fabric: Fabric, session: number) {
    this.#fabric = fabric;
    this.#session = session;
  }

  get waits(): boolean {
    return this.#after !== 0 && !hasSwept(this.#fabric.box, this.#after);
  }

  /** What the new rule makes of a route found no room. Undefined: again after the next sweep. */
  later(): Fault | undefined {
    this.#room ??= new Room(this.#fabric, this.#session);
    this.#after = this.#room.tryAfter();
    if (this.#after !== 0) return undefined;
    this.#room = undefined;
    this.#fabric.count(this.#session, SESSION_NUMBER.outOfResources);
    return outOfResources(this.#fabric);
  }

  done(): void {
    this.#room?.found();
    this.#room = undefined;
  }
}
