/**
 * A line card: the TCP connections of its sessions. It listens, dials when a blade wants a connection, knows a
 * neighbour by its address (others are refused and counted), and moves bytes between sockets and rings where blades do not themselves
 * (fabric/lookout.ts, fabric/courier.ts). Blades come and go behind it without a socket noticing. Of several cards the first one listens
 * for all (hand-over.ts).
 *
 * It is driven by state in the fabric (fabric/connections.ts) and sleeps on a doorbell; it never speaks BGP.
 */
import net from 'node:net';
import type { Fabric } from '../fabric/fabric.ts';
import { CARD_NUMBER, CONNECTION_STATE } from '../fabric/layout.ts';
import { plainAddress } from './address-words.ts';
import { Connection } from './connection.ts';
import { Guard } from './guard.ts';
import { Giver, type Handle, Taker } from './hand-over.ts';
import type { CardNews, LastWords, Listen, Neighbor, Range } from './messages.ts';
import { Prompt } from './prompt.ts';
import { Refusals } from './refusals.ts';
import { Strangers } from './strangers.ts';
import type { VigilKeeper } from './vigil.ts';

/** How long an accepted connection may wait for the one before it to be gone, milliseconds. */
const WAIT_FOR_SLOT = 10_000;
const ACCEPTED = 1;
/** Connections that are told why before they are closed: so many at once, and so long each, milliseconds. */
const MOST_LEAVING = 64;
const LAST_WORDS_TIME = 1000;
const SHORT =
  'no descriptors are left by which blades could read and send themselves: single changes take longer (each connection takes two; ulimit -n says how many there are)';

export class LineCard {
  /** There is a connection that its blade does not read yet: a new one, or one that was given back, as in a graft. */
  onUnlent: () => void = () => {};
  readonly #fabric: Fabric;
  readonly #card: number;
  readonly #refusals: Refusals;
  readonly #guard: Guard;
  readonly #strangers: Strangers;
  readonly #lastWords: LastWords | undefined;
  #leaving = 0;
  readonly #neighbors = new Map<number, Neighbor>();
  readonly #byAddress = new Map<string, number>();
  readonly #connections = new Map<number, Connection>();
  /** Accepted while the session's last accepted connection is not quite gone; the newest one counts. */
  readonly #waiting = new Map<number, net.Socket>();
  readonly #servers: net.Server[] = [];
  /** By line card: how to hand a call over to it. */
  readonly #givers = new Map<number, Giver>();
  #taker: Taker | undefined;
  readonly #prompt: Prompt;
  #short = false;
  /** Said once: it is so for all that come after, too. */
  readonly #onShort: () => void;
  /** A call that the system could not give us; others come. */
  readonly #onCallLost: (error: Error) => void;

  constructor(
    fabric: Fabric,
    card: number,
    neighbors: readonly Neighbor[],
    news: (news: CardNews) => void,
    lastWords?: LastWords,
  ) {
    this.#fabric = fabric;
    this.#card = card;
    this.#refusals = new Refusals((address, why, times) =>
      news({ kind: 'refused', card, address, why, times }),
    );
    this.#guard = new Guard((text) => news({ kind: 'trouble', card, text }));
    this.#strangers = new Strangers((address) => news({ kind: 'called', card, address }));
    this.#lastWords = lastWords;
    this.#prompt = new Prompt(fabric, card, () => this.poll());
    this.#onShort = () => {
      if (!this.#short) news({ kind: 'trouble', card, text: SHORT });
      this.#short = true;
    };
    let lost = '';
    this.#onCallLost = ({ message }) => {
      if (message !== lost) news({ kind: 'trouble', card, text: `calls are lost: ${message}` });
      lost = message;
    };
    for (const neighbor of neighbors) this.addNeighbor(neighbor);
  }

  addNeighbor(neighbor: Neighbor): void {
    this.#neighbors.set(neighbor.session, neighbor);
    this.#byAddress.set(neighbor.address, neighbor.session);
    this.#guard.admit(neighbor);
    // Its blade may have heard of it first, and want it dialled.
    this.#serve(neighbor.session);
    const call = this.#strangers.take(neighbor.address);
    if (call !== undefined) this.#accept(call);
  }

  removeNeighbor(session: number): void {
    const neighbor = this.#neighbors.get(session);
    if (neighbor === undefined) return;
    this.#neighbors.delete(session);
    this.#guard.dismiss(neighbor);
    if (this.#byAddress.get(neighbor.address) === session) this.#byAddress.delete(neighbor.address);
    this.#waiting.get(session)?.destroy();
    this.#waiting.delete(session);
  }

  /** Who may call besides the neighbours. */
  setRanges(ranges: readonly Range[]): void {
    this.#strangers.configure(ranges);
    this.#guard.admitRanges(ranges);
  }

  turnDown(address: string, why: string): void {
    const call = this.#strangers.take(address);
    if (call !== undefined) this.#refuse(call, address, why, CARD_NUMBER.unknownNeighbour);
  }

  /** Resolves to what is listened on; rejects with the reason of the first that cannot be. */
  async listen(addresses: readonly Listen[]): Promise<Listen[]> {
    const listening: Listen[] = [];
    for (const { address, port } of addresses) {
      const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
        this.#accept(socket),
      );
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: address, port, backlog: 1024 }, resolve);
      });
      server.on('error', this.#onCallLost);
      this.#servers.push(server);
      this.#guard.listens(server);
      listening.push({ address, port: (server.address() as net.AddressInfo).port });
    }
    return listening;
  }

  /** Before calls come: the first card connects to all others, which are there already. */
  async shareCalls(folder: string): Promise<void> {
    const path = (card: number): string => `${folder}/${card}`;
    if (this.#card > 0) {
      this.#taker = new Taker((handle) => this.#take(handle));
      await this.#taker.listen(path(this.#card));
      return;
    }
    for (let card = 1; card < this.#fabric.options.lineCards; card++) {
      const giver = new Giver();
      this.#givers.set(card, giver);
      await giver.connect(path(card));
    }
  }

  /** Looks at every session with news; true when there was any. */
  poll(): boolean {
    let any = false;
    for (let index = 0; index < this.#fabric.ready.size; index++) {
      for (let bits = this.#fabric.ready.takeForCard(this.#card, index); bits !== 0; bits &= bits - 1) {
        any = true;
        this.#serve(index * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
    return any;
  }

  /** Keeps the sessions alive whose blades do not; when it has to be looked at that again. Before that, there is a new connection. */
  watch(vigil: VigilKeeper, now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections.values()) {
      const due = vigil.watch(connection, now);
      connection.count();
      const settled = vigil.established(connection) && connection.lend();
      next = Math.min(next, settled ? due : now);
    }
    return next;
  }

  /** Stops listening and dialling; what is open goes when its blade wants it no longer. */
  stopListening(): void {
    this.#refusals.stop();
    for (const server of this.#servers) server.close();
    for (const giver of this.#givers.values()) giver.close();
    this.#givers.clear();
    this.#taker?.close();
    for (const socket of this.#waiting.values()) socket.destroy();
    this.#strangers.destroyAll();
  }

  /** No connection is left. */
  get quiet(): boolean {
    return this.#connections.size === 0;
  }

  destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }

  #serve(session: number): void {
    for (let which = 0; which < 2; which++) {
      const connection = this.#connections.get(session * 2 + which);
      if (connection !== undefined) connection.serve();
      else if (which === 0) this.#dialIfWanted(session);
    }
  }

  #dialIfWanted(session: number): void {
    const { connections } = this.#fabric;
    const at = connections.at(session, 0);
    const generation = connections.wantedGeneration(at);
    const neighbor = this.#neighbors.get(session);
    if (!connections.wanted(at) || connections.generationOf(at) === generation || neighbor === undefined)
      return;
    connections.setState(at, generation, CONNECTION_STATE.connecting);
    this.#fabric.countCard(this.#card, CARD_NUMBER.dialled);
    this.#add(session, 0, generation, (onread) => this.#guard.dial(neighbor, onread));
  }

  #add(
    session: number,
    which: number,
    generation: number,
    open: (onread: net.OnReadOpts) => net.Socket,
  ): Connection {
    const key = session * 2 + which;
    const connection = new Connection(this.#fabric, this.#card, session, which, generation, open, {
      read: this.#prompt.read,
      closed: () => {
        this.#connections.delete(key);
        if (which === ACCEPTED) this.#takeWaiting(session);
      },
      short: this.#onShort,
      takenBack: () => this.onUnlent(),
    });
    this.#connections.set(key, connection);
    this.onUnlent();
    return connection;
  }

  #accept(socket: net.Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    const session = this.#byAddress.get(address);
    if (session === undefined) {
      if (this.#strangers.hold(address, socket)) return;
      this.#refuse(socket, address, 'no such neighbour is configured', CARD_NUMBER.unknownNeighbour);
      return;
    }
    if (this.#fabric.cardOf(session) !== this.#card) {
      this.#handOver(session, socket, address);
      return;
    }
    if (!this.#guard.accepts(socket, this.#neighbors.get(session) as Neighbor)) {
      this.#refuse(socket, address, 'it cannot be protected as configured', CARD_NUMBER.notWanted);
      return;
    }
    this.#fabric.countCard(this.#card, CARD_NUMBER.accepted);
    if (this.#connections.has(session * 2 + ACCEPTED)) this.#wait(session, socket, address);
    else this.#attach(session, socket);
  }

  /** The card of the session gets a descriptor of its own; ours is closed, and the connection stays open. */
  #handOver(session: number, socket: net.Socket, address: string): void {
    const giver = this.#givers.get(this.#fabric.cardOf(session));
    const { _handle: handle } = socket as unknown as { _handle: Handle | null };
    // The neighbour has gone already.
    if (handle === null) return;
    const none = (): void =>
      this.#refuse(socket, address, 'its line card does not answer', CARD_NUMBER.notWanted);
    if (giver === undefined) none();
    else giver.give(handle, (done) => (done ? socket.destroy() : none()));
  }

  #take(handle: Handle): void {
    const options = { handle, allowHalfOpen: true, pauseOnCreate: true };
    this.#accept(new net.Socket(options as unknown as net.SocketConstructorOpts));
  }

  #refuse(socket: net.Socket, address: string, why: string, counter: number, words?: Uint8Array): void {
    this.#fabric.countCard(this.#card, CARD_NUMBER.refused);
    this.#fabric.countCard(this.#card, counter);
    this.#refusals.note(address, why);
    socket.on('error', () => {});
    if (words === undefined || this.#leaving >= MOST_LEAVING) socket.destroy();
    else this.#sayAndClose(socket, words);
  }

  /** What it has sent is read and forgotten: closing over it would reset the connection, and our words with it. */
  #sayAndClose(socket: net.Socket, words: Uint8Array): void {
    this.#leaving++;
    const late = setTimeout(() => socket.destroy(), LAST_WORDS_TIME).unref();
    socket.on('close', () => {
      clearTimeout(late);
      this.#leaving--;
    });
    socket.on('end', () => socket.destroy());
    socket.end(words);
    socket.resume();
  }

  #wait(session: number, socket: net.Socket, address: string): void {
    const before = this.#waiting.get(session);
    if (before !== undefined) {
      const words = this.#lastWords?.superseded;
      this.#refuse(before, address, 'a newer connection came', CARD_NUMBER.notWanted, words);
    }
    this.#waiting.set(session, socket);
    this.#connections.get(session * 2 + ACCEPTED)?.calledBeside();
    socket.on('error', () => {});
    setTimeout(() => {
      if (this.#waiting.get(session) !== socket) return;
      this.#waiting.delete(session);
      const words = this.#lastWords?.unserved;
      this.#refuse(socket, address, 'another connection is in use', CARD_NUMBER.notWanted, words);
    }, WAIT_FOR_SLOT).unref();
  }

  #takeWaiting(session: number): void {
    const socket = this.#waiting.get(session);
    if (socket === undefined) return;
    this.#waiting.delete(session);
    if (!socket.destroyed) this.#attach(session, socket);
  }

  /** An accepted socket gets a new one around its handle, which reads into the ring. */
  #attach(session: number, accepted: net.Socket): void {
    const { connections } = this.#fabric;
    const generation = connections.generationOf(connections.at(session, ACCEPTED)) + 1;
    const bare = accepted as unknown as { _handle: unknown };
    const handle = bare._handle;
    bare._handle = null;
    const open = (onread: net.OnReadOpts): net.Socket =>
      new net.Socket({ handle, allowHalfOpen: true, onread } as unknown as net.SocketConstructorOpts);
    this.#add(session, ACCEPTED, generation, open).opened();
  }
}
