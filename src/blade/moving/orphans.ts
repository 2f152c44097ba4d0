/**
 * A session whose blade died, as its next home finds it in the fabric: which parts go on, and which begin again.
 *
 *   Established in its record, and not on its way down ─→ goes on: nobody outside sees anything
 *   anything else                                      ─→ its connections are closed, and it starts from Idle
 *
 * The state is written last when a session comes up, and the sweep of its routes is noted first when it goes down: so
 * what the record says was done is done.
 */

import { Cease, NotificationCode } from '../../bgp/errors.ts';
import { State } from '../../bgp/fsm.ts';
import { encodeNotification } from '../../bgp/message.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { CONNECTION_STATE, PAGE_WORDS, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import { giveReadingBack } from '../../fabric/lookout.ts';
import { publishTransmit } from '../session/transmit.ts';

interface Starting {
  readonly index: number;
  prepare(): void;
  start(): void;
  attach(): boolean;
}

/** The session has a home again, and goes on there, or starts. True: it goes on. */
export function goOn(fabric: Fabric, session: Starting, enter: () => void): boolean {
  const { index } = session;
  const lives = goesOn(fabric, index);
  if (lives) session.prepare();
  else abandon(fabric, index);
  enter();
  if (lives) {
    mend(fabric, index);
    session.attach();
  } else session.start();
  return lives;
}

/** Does the session go on where its last home stopped? */
function goesOn(fabric: Fabric, session: number): boolean {
  const { connections } = fabric;
  const at = connections.at(session, fabric.session(session, SESSION.connection));
  return (
    fabric.session(session, SESSION.state) === State.Established &&
    fabric.session(session, SESSION.sweepCursor) === 0 &&
    fabric.session(session, SESSION.view) !== 0 &&
    connections.wanted(at) &&
    connections.wantedGeneration(at) === connections.generationOf(at)
  );
}

/** What its last home may have left half done of a session that goes on. */
function mend(fabric: Fabric, session: number): void {
  recountReceived(fabric, session);
  // It may have written what it never told the line card of.
  fabric.ringCard(session);
}

/** Its last home may have changed a route and not counted it. */
function recountReceived(fabric: Fabric, session: number): void {
  const { base6 } = fabric.prefixes;
  let ipv4 = 0;
  let ipv6 = 0;
  for (let lane = 0; lane < fabric.sourceCount(session); lane++) {
    const source = fabric.sourceAt(session, lane);
    ipv6 += countRoutes(fabric, source, base6 / PAGE_WORDS, fabric.columns.pages);
    ipv4 += countRoutes(fabric, source, 0, base6 / PAGE_WORDS);
  }
  fabric.setNumber(session, SESSION_NUMBER.routesReceived, ipv4 + ipv6);
  fabric.setNumber(session, SESSION_NUMBER.routesReceived6, ipv6);
}

/** Routes in some pages of the Adj-RIB-In. IPv6 begins with a page of its own. */
function countRoutes({ columns }: Fabric, session: number, from: number, to: number): number {
  let routes = 0;
  for (let page = from; page < to; page++) {
    const first = (columns.directories[session * columns.pages + page] as number) * PAGE_WORDS;
    if (first === 0) continue;
    for (let at = first; at < first + PAGE_WORDS; at++) if (columns.words[at] !== 0) routes++;
  }
  return routes;
}

/** Closes whatever there is of a session that does not go on; its routes are swept where there are any. */
function abandon(fabric: Fabric, session: number): void {
  const { connections } = fabric;
  const state = fabric.session(session, SESSION.state);
  const opening = state === State.OpenSent || state === State.OpenConfirm;
  for (const which of [0, 1]) {
    const at = connections.at(session, which);
    const open = connections.wanted(at) && connections.stateOf(at) === CONNECTION_STATE.open;
    if (open && opening) sayGoodbye(fabric, session, which);
    giveReadingBack(fabric, session, which);
    connections.want(at, connections.wantedGeneration(at), false);
    // In any case: its last home may have written what it never told the line card of.
    fabric.ringCard(session);
  }
  if (state === State.Established) {
    fabric.setSession(session, SESSION.sweepCursor, 1);
    fabric.setSession(session, SESSION.staleFamilies, 0);
    fabric.setSession(session, SESSION.longLivedFamilies, 0);
    fabric.setSession(session, SESSION.staleCursor, 0);
  }
  // Stale routes stay, and are counted on when the neighbour is back.
  recountReceived(fabric, session);
  fabric.setSession(session, SESSION.state, State.Idle);
  fabric.setSession(session, SESSION.view, 0);
  fabric.setSession(session, SESSION.refreshCursor, 0);
  fabric.setSession(session, SESSION.importCursor, 0);
  fabric.setSession(session, SESSION.recount, 0);
  fabric.setNumber(session, SESSION_NUMBER.establishedAt, 0);
}

/** RFC 4486: to be tried again at once. Only where we have spoken already. */
function sayGoodbye(fabric: Fabric, session: number, which: number): void {
  const { connections } = fabric;
  const at = connections.at(session, which);
  const message = encodeNotification(NotificationCode.Cease, Cease.ConnectionRejected);
  const head = connections.transmitHead(at);
  if (head === 0 || connections.transmitRoom(at) < message.length) return;
  publishTransmit(
    fabric,
    session,
    which,
    connections.write(session, which, head, message, 0, message.length),
  );
}
