/**
 * Puts what an update group has encoded into the transmit rings of its members: one member after the other gets all that is for it, and
 * then it is published, so that a member never has a part of it. The session that a message's routes came from is left out (split horizon).
 *
 * A thousand members take longer than a turn may: when it is late, the rest are told in the next ones. A blade passes no quiescent point before
 * the last one has been told and all is noted, so that for everybody else it is as if the turn had been a long one.
 */
import { MAX_MESSAGE } from '../../bgp/message.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { Told } from '../../rib/told.ts';
import { publishTransmit } from '../session/transmit.ts';
import type { Batch } from './batch.ts';
import type { Desk } from './desk.ts';
import type { ExportRules } from './exporter.ts';
import type { Singles } from './singles.ts';

/** Octets of messages to single members that one export makes at most, but for one message more. */
export const SINGLES = 16_384;

/** Room for what a session says itself between two parts of a telling: a KEEPALIVE, a ROUTE-REFRESH or two. */
const OWN_WORDS = 256;

/** A change of so few routes is a single one. */
const FEW = 16;

export class Delivery {
  updatesSent = 0;
  /** Least room in a member's transmit ring when the export began. */
  room = 0;
  readonly #fabric: Fabric;
  readonly #members: readonly number[];
  readonly #desk: Desk;
  readonly #batch: Batch;
  readonly #singles: Singles;
  readonly #told: Told;
  readonly #fourOctetAs: boolean;
  readonly #maxMessage: number;
  /** Heads of the members' transmit rings, written and not yet published. */
  readonly #heads: number[] = [];
  /** Whose turn it is to be told; -1: nothing is under way. */
  #next = -1;
  /** It is a single change, and nobody has been told yet in this turn. */
  #givesWay = false;

  /** `members`: the group's, as they change. */
  constructor(fabric: Fabric, members: readonly number[], desk: Desk, rules: ExportRules) {
    this.#fabric = fabric;
    this.#members = members;
    this.#desk = desk;
    this.#batch = desk.batch;
    this.#singles = desk.singles;
    this.#told = desk.told;
    this.#fourOctetAs = rules.fourOctetAs;
    this.#maxMessage = rules.maxMessage;
  }

  /** Transmit room that every member must have before an export: it sends all singles and some messages. */
  get roomNeeded(): number {
    return SINGLES + Math.max(4 * MAX_MESSAGE, 2 * this.#maxMessage);
  }

  /** A member without room for a few messages, or -1. Notes the least room of all in `room`. */
  memberWithoutRoom(): number {
    const { connections } = this.#fabric;
    const needed = this.roomNeeded;
    this.room = connections.transmitBytes - OWN_WORDS;
    for (let i = 0; i < this.#members.length; i++) {
      const session = this.#members[i] as number;
      const room = connections.transmitRoom(this.connection(session)) - OWN_WORDS;
      if (room < needed) return session;
      if (room < this.room) this.room = room;
    }
    return -1;
  }

  membersWithoutRoom(): number[] {
    const { connections } = this.#fabric;
    const needed = this.roomNeeded + OWN_WORDS;
    return this.#members.filter((session) => connections.transmitRoom(this.connection(session)) < needed);
  }

  /** Those that have next to nothing left to read of what waits here: when it comes to that, the line card rings. */
  membersThatWait(): number[] {
    const { connections } = this.#fabric;
    const room = connections.transmitBytes - (connections.transmitBytes >> 2);
    return this.#members.filter((session) => connections.transmitRoom(this.connection(session)) > room);
  }

  get underWay(): boolean {
    return this.#next >= 0;
  }

  begin(): void {
    this.#next = 0;
    this.#givesWay = !this.#desk.gaveWay && this.#batch.count + this.#singles.count <= FEW;
  }

  /**
   * To every member what is for it, at once: the first one need not wait for what is written for all others, nor, of a single change,
   * for the processor that we have taken where its own program runs on it (base/thread-slice.ts). False: some are still to be told.
   */
  deliver(late: () => boolean): boolean {
    const { sessions } = this.#singles;
    const { courier } = this.#fabric;
    while (this.#next < this.#members.length) {
      const i = this.#next++;
      this.copyTo(i);
      if (sessions.size > 0 && sessions.has(this.#members[i] as number)) this.#sendSingles(i);
      if (this.publishMember(i) && this.#givesWay) {
        this.#givesWay = false;
        this.#desk.gaveWay = true;
        courier?.giveWay();
      }
      if (this.#next < this.#members.length && late()) return false;
    }
    this.#next = -1;
    return true;
  }

  /** The member at this place is about to leave: those behind it move up. */
  leaves(place: number): void {
    if (place < this.#next) this.#next--;
  }

  /** One encoding, but for the messages of routes that came from the member. */
  copyTo(member: number): void {
    const { connections } = this.#fabric;
    const session = this.#members[member] as number;
    const connection = this.#fabric.session(session, SESSION.connection);
    let head = connections.transmitHead(connections.at(session, connection));
    let announced = 0;
    let withdrawn = 0;
    let sent = 0;
    let start = 0;
    for (let i = 0; i <= this.#batch.messages; i++) {
      if (i < this.#batch.messages && this.#batch.messageSource[i] !== session) {
        sent++;
        if (this.#batch.messageAnnounces[i] === 1) announced += this.#batch.messageRoutes[i] as number;
        else withdrawn += this.#batch.messageRoutes[i] as number;
        continue;
      }
      const end = this.#batch.messageStart[i] as number;
      if (start < end) head = connections.write(session, connection, head, this.#batch.bytes, start, end);
      start = this.#batch.messageStart[i + 1] as number;
    }
    this.#heads[member] = head;
    this.#countSent(session, sent, announced, withdrawn);
  }

  #countSent(session: number, messages: number, announced: number, withdrawn: number): void {
    const fabric = this.#fabric;
    this.updatesSent += messages;
    fabric.count(session, SESSION_NUMBER.updatesSent, messages);
    fabric.count(session, SESSION_NUMBER.messagesSent, messages);
    fabric.count(session, SESSION_NUMBER.announcementsSent, announced);
    fabric.count(session, SESSION_NUMBER.withdrawalsSent, withdrawn);
  }

  #sendSingles(member: number): void {
    const { connections } = this.#fabric;
    const session = this.#members[member] as number;
    const connection = this.#fabric.session(session, SESSION.connection);
    this.#singles.encode(
      this.#told,
      this.#fourOctetAs,
      this.#maxMessage,
      session,
      (length, routes, announces) => {
        const head = this.#heads[member] as number;
        this.#heads[member] = connections.write(session, connection, head, this.#singles.bytes, 0, length);
        this.#countSent(session, 1, announces ? routes : 0, announces ? 0 : routes);
      },
    );
  }

  /** False: there was nothing for it. */
  publishMember(member: number): boolean {
    const session = this.#members[member] as number;
    const head = this.#heads[member] as number;
    if (this.#fabric.connections.transmitHead(this.connection(session)) === head) return false;
    publishTransmit(this.#fabric, session, this.#fabric.session(session, SESSION.connection), head);
    return true;
  }

  connection(session: number): number {
    return this.#fabric.connections.at(session, this.#fabric.session(session, SESSION.connection));
  }
}
