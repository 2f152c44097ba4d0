/**
 * Poison: a message that kills every blade that reads it. A blade notes which message it is handling; one at which blade after
 * blade has died, at the same place of the same stream, is poison, and its session must be shut before it takes the box down.
 *
 *   death ─→ bladeWords: session, connection, position ─→ the same as at the session's last death: one more in a row
 */
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE } from '../bgp/message.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_WORD, CONNECTION } from '../fabric/layout.ts';

export interface Suspect {
  readonly session: number;
  /** Deaths in a row at this message. */
  readonly deaths: number;
  /** The message, as far as it is one. */
  readonly bytes: Uint8Array;
}

interface Place {
  readonly connection: number;
  readonly generation: number;
  readonly position: number;
  readonly deaths: number;
}

export class Blame {
  readonly #fabric: Fabric;
  readonly #places = new Map<number, Place>();

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
  }

  /** The message at which the blade in this slot died; undefined: at none. */
  note(dead: number): Suspect | undefined {
    const { connections } = this.#fabric;
    const word = (which: number): number => this.#fabric.bladeWord(dead, which);
    const session = word(BLADE_WORD.session) - 1;
    if (session < 0) return undefined;
    const connection = word(BLADE_WORD.connection);
    const position = word(BLADE_WORD.position);
    const generation = connections.generationOf(connections.at(session, connection));
    const last = this.#places.get(session);
    const same =
      last?.connection === connection && last.generation === generation && last.position === position;
    const deaths = same ? last.deaths + 1 : 1;
    this.#places.set(session, { connection, generation, position, deaths });
    return { session, deaths, bytes: this.#message(session, connection, position) };
  }

  #message(session: number, connection: number, position: number): Uint8Array {
    const { connections } = this.#fabric;
    const at = connections.at(session, connection);
    const head = Atomics.load(connections.words, at + CONNECTION.receiveHead);
    const ring = connections.receiveStart(session, connection);
    const byte = (n: number): number =>
      connections.receive[ring + ((position + n) & (connections.receiveBytes - 1))] as number;
    const length = (byte(16) << 8) | byte(17);
    const there = Math.min((head - position) >>> 0, MAX_EXTENDED_MESSAGE);
    return Uint8Array.from({ length: Math.min(Math.max(length, HEADER_LENGTH), there) }, (_, n) => byte(n));
  }
}
