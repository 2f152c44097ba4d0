/**
 * What one export tells single members of a group, apart from what it tells all the others: the neighbour that tells us
 * the best route of a prefix now has what it was told of it withdrawn, and the one that told it before is told. Withdrawals
 * of one member share a message.
 */
import { UpdateWriter } from '../../bgp/encode.ts';
import { MAX_EXTENDED_MESSAGE } from '../../bgp/message.ts';
import type { Told } from '../../rib/told.ts';
import { addPrefix, beginMessage } from './batch.ts';
import { SINGLES } from './delivery.ts';

/** Octets that a route takes at most: its prefix, and its share of a message's other octets. */
const WITHDRAWAL = 24;
const ANNOUNCEMENT = 64;
/** As many as there is room for, and two more: a route can change hands between two members. */
const MOST = Math.ceil(SINGLES / WITHDRAWAL) + 2;

export class Singles {
  readonly session = new Int32Array(MOST);
  readonly id = new Int32Array(MOST);
  /** What is told; 0: withdraw. */
  readonly attribute = new Int32Array(MOST);
  count = 0;
  /** Octets that the messages of all take at most. */
  room = 0;
  /** A message, after `encode`. */
  readonly bytes = new Uint8Array(MAX_EXTENDED_MESSAGE);
  /** The members concerned. */
  readonly sessions = new Set<number>();
  readonly #writer = new UpdateWriter(this.bytes);

  clear(): void {
    this.count = 0;
    this.room = 0;
    this.sessions.clear();
  }

  add(session: number, id: number, attribute: number, attributeLength: number): void {
    this.session[this.count] = session;
    this.id[this.count] = id;
    this.attribute[this.count] = attribute;
    this.count++;
    this.room += attribute === 0 ? WITHDRAWAL : ANNOUNCEMENT + 2 * attributeLength;
    this.sessions.add(session);
  }

  /** Takes out what has been put off. */
  remove(id: number): void {
    for (let i = 0; i < this.count; i++) if (this.id[i] === id) this.id[i] = -1;
  }

  /** Calls `send` for each message to a member, with its length, how many routes it has, and whether they are announced. */
  encode(
    told: Told,
    fourOctetAs: boolean,
    maxMessage: number,
    session: number,
    send: (length: number, routes: number, announces: boolean) => void,
  ): void {
    const { fabric } = told;
    const { base6 } = fabric.prefixes;
    let open = -1;
    let openIpv6 = false;
    let routes = 0;
    const close = (): void => {
      if (routes > 0) send(this.#writer.finish(), routes, open > 0);
      routes = 0;
    };
    for (const withdraw of [true, false]) {
      for (let i = 0; i < this.count; i++) {
        const id = this.id[i] as number;
        const attribute = this.attribute[i] as number;
        if (id < 0 || this.session[i] !== session || (attribute === 0) !== withdraw) continue;
        const ipv6 = id >= base6;
        if (routes > 0 && attribute === open && ipv6 === openIpv6 && addPrefix(this.#writer, fabric, id)) {
          routes++;
          continue;
        }
        close();
        this.#writer.target(this.bytes, 0, maxMessage);
        beginMessage(this.#writer, told, fourOctetAs, attribute, id);
        addPrefix(this.#writer, fabric, id);
        open = attribute;
        openIpv6 = ipv6;
        routes = 1;
      }
    }
    close();
  }
}
