/** A kernel for one thread: sockets that take and give octets as they are told, in shared memory, as Linux does on x64. */
import { EPOLL, EVENT, type SocketCalls } from '../../../src/base/socket-calls.ts';
import { MESSAGE } from '../../../src/fabric/layout.ts';

const SPACE = 2 ** 34;

export class FakeSocket {
  /** What was sent, and how much more is taken. */
  readonly sent: number[] = [];
  room = 0;
  /** What is there to be received. */
  arrived: number[] = [];
  ended = false;
  /** Something came that was not reported yet. */
  news = false;
}

export class FakeKernel implements SocketCalls {
  readonly sockets = new Map<number, FakeSocket>();
  /** Called where a thread may die: before and after each call that moves octets. */
  readonly #step: () => void;
  readonly #memories: SharedArrayBuffer[] = [];
  readonly #watched = new Map<number, { readonly socket: FakeSocket | undefined; readonly about: number }>();

  constructor(step: () => void) {
    this.#step = step;
  }

  addressOf(memory: SharedArrayBuffer): number {
    let index = this.#memories.indexOf(memory);
    if (index < 0) index = this.#memories.push(memory) - 1;
    return (index + 1) * SPACE;
  }

  openPair(): boolean {
    return false;
  }

  send(descriptor: number, message: number): void {
    this.#step();
    const socket = this.sockets.get(descriptor);
    if (socket === undefined) return;
    let moved = 0;
    this.#each(message, (bytes, at) => {
      if (socket.room === 0) return false;
      socket.room--;
      socket.sent.push(bytes[at] as number);
      moved++;
      return true;
    });
    if (moved > 0) this.#noteMoved(message, moved);
    this.#step();
  }

  receive(descriptor: number, message: number): boolean {
    this.#step();
    const socket = this.sockets.get(descriptor);
    if (socket === undefined || (socket.arrived.length === 0 && !socket.ended)) return false;
    let moved = 0;
    this.#each(message, (bytes, at) => {
      if (socket.arrived.length === 0) return false;
      bytes[at] = socket.arrived.shift() as number;
      moved++;
      return true;
    });
    this.#noteMoved(message, moved);
    this.#step();
    return true;
  }

  watch(_waiter: number, descriptor: number, event: number): boolean {
    const [bytes, at] = this.#find(event);
    const about = new Int32Array(bytes.buffer, at, EVENT.words)[EVENT.about] as number;
    const socket = this.sockets.get(descriptor);
    if (socket !== undefined) socket.news = true;
    this.#watched.set(descriptor, { socket, about });
    return true;
  }

  giveWay(): void {}

  unwatch(_waiter: number, descriptor: number): void {
    this.#watched.delete(descriptor);
  }

  wait(_waiter: number, events: number, most: number): number {
    const [bytes, at] = this.#find(events);
    const words = new Int32Array(bytes.buffer, at, most * EVENT.words);
    let count = 0;
    for (const { socket, about } of this.#watched.values()) {
      if (socket === undefined || !socket.news || count === most) continue;
      socket.news = false;
      words[count * EVENT.words] = EPOLL.in | (socket.ended ? EPOLL.readHangUp : 0);
      words[count * EVENT.words + EVENT.about] = about;
      count++;
    }
    return count;
  }

  /** The thread is gone, and what it waited by is closed. */
  forget(): void {
    this.#watched.clear();
  }

  duplicate(): number {
    return -1;
  }

  close(_descriptor: number): void {}

  openWaiter(): number {
    return 1000;
  }

  openSignal(): number {
    return 1001;
  }

  signal(): void {}

  #find(address: number): [Uint8Array, number] {
    const memory = this.#memories[Math.floor(address / SPACE) - 1] as SharedArrayBuffer;
    return [new Uint8Array(memory), address % SPACE];
  }

  #noteMoved(message: number, moved: number): void {
    const [bytes, at] = this.#find(message);
    new Int32Array(bytes.buffer, at, MESSAGE.words)[MESSAGE.moved] = moved;
  }

  #each(message: number, take: (bytes: Uint8Array, at: number) => boolean): void {
    const [bytes, at] = this.#find(message);
    const words = new Uint32Array(bytes.buffer, at, MESSAGE.words);
    const address = (word: number): number => (words[word] as number) + (words[word + 1] as number) * 2 ** 32;
    const parts = address(MESSAGE.parts);
    for (let part = 0; part < (words[MESSAGE.partCount] as number); part++) {
      const first = (parts - message) / 4 + part * (MESSAGE.secondPart - MESSAGE.firstPart);
      const [ring, from] = this.#find(address(first));
      for (let i = 0; i < (words[first + MESSAGE.length] as number); i++) if (!take(ring, from + i)) return;
    }
  }
}
