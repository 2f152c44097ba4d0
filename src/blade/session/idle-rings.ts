/**
 * Rings of sessions that have little to say. A table goes through all of a ring, and what it has touched stays; a thousand sessions with
 * nothing but KEEPALIVEs hold a hundred MiB so. The home blade writes the transmit ring, and where it reads the socket itself both ends of the
 * other one are its own: of an empty ring that has hardly moved for some seconds it gives the memory back. Nobody reads what was not written anew.
 */
import type { Giving } from '../../base/giving.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { CONNECTION, CONNECTIONS_PER_SESSION, READER, SESSION } from '../../fabric/layout.ts';

/** Looks, one a second or so, in a row at which a ring was empty and had hardly moved. */
const CALM = 5;
/** So much of a ring is little, a part of it; and so much has been touched since the last time that it is worth its while, octets, or a part. */
const LITTLE = 1 / 64;
const WORTH = { octets: 1 << 13, part: 1 / 4 } as const;
/** Rings that are given back at one look, at 10 µs or so each. */
const MOST = 64;

/** Of a ring, by connection: where it stood at the last look and when it was given back last, and looks since it moved. */
class Ring {
  readonly #memory: SharedArrayBuffer;
  readonly #octets: number;
  readonly #worth: number;
  readonly #seen: Int32Array;
  readonly #given: Int32Array;
  readonly #calm: Uint8Array;

  constructor(memory: SharedArrayBuffer, octets: number, count: number) {
    this.#memory = memory;
    this.#octets = octets;
    this.#worth = Math.min(WORTH.octets, octets * WORTH.part);
    this.#seen = new Int32Array(count);
    this.#given = new Int32Array(count);
    this.#calm = new Uint8Array(count);
  }

  /** True: it went back. */
  look(giving: Giving, connection: number, head: number, tail: number): boolean {
    const octets = this.#octets;
    if (head !== tail || (head - (this.#seen[connection] as number)) >>> 0 > octets * LITTLE) {
      this.#seen[connection] = head;
      this.#calm[connection] = 0;
      return false;
    }
    if ((head - (this.#given[connection] as number)) >>> 0 < this.#worth) return false;
    if (this.#calm[connection] !== CALM) {
      this.#calm[connection]!++;
      return false;
    }
    giving.forget(this.#memory, connection * octets, (connection + 1) * octets);
    this.#given[connection] = head;
    return true;
  }
}

export class IdleRings {
  readonly #fabric: Fabric;
  readonly #giving: Giving;
  readonly #transmit: Ring;
  readonly #receive: Ring;
  #left = MOST;

  constructor(fabric: Fabric, giving: Giving) {
    const { memory, options } = fabric;
    const count = options.sessions * CONNECTIONS_PER_SESSION;
    this.#fabric = fabric;
    this.#giving = giving;
    this.#transmit = new Ring(memory.transmit, options.transmitBytes, count);
    this.#receive = new Ring(memory.receive, options.receiveBytes, count);
  }

  /** A look at all sessions begins. */
  begin(): void {
    this.#left = MOST;
  }

  /** At one that this blade serves, between what is read, written and sent for it. */
  look(session: number): void {
    if (this.#left <= 0) return;
    const { connections } = this.#fabric;
    const { words } = connections;
    const which = this.#fabric.session(session, SESSION.connection);
    const connection = session * CONNECTIONS_PER_SESSION + which;
    const at = connections.at(session, which);
    const word = (name: number): number => Atomics.load(words, at + name);
    // Of a connection that is not wanted any more the card may take the reading back in the middle of this.
    if (!connections.wanted(at)) return;
    const [sent, taken] = [word(CONNECTION.transmitHead), word(CONNECTION.transmitTail)];
    if (this.#transmit.look(this.#giving, connection, sent, taken)) this.#left--;
    if (word(CONNECTION.reader) !== READER.blade) return;
    const [received, read] = [word(CONNECTION.receiveHead), word(CONNECTION.receiveTail)];
    if (this.#receive.look(this.#giving, connection, received, read)) this.#left--;
  }
}
