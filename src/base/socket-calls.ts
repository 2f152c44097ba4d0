/**
 * System calls by which a thread without an event loop waits for sockets that another thread of the process has opened, reads and
 * writes them: through koffi, where there is a Linux of 64 bits and koffi can be loaded. Elsewhere there are none, and who has
 * the event loop does it all.
 *
 * Nothing is copied: messages are described in shared memory (struct mmsghdr), and the kernel notes there, too, how much it moved.
 */
import { linuxOf64Bits, loadKoffi } from './koffi.ts';

export interface SocketCalls {
  /** Where shared memory stands. It does not move. */
  addressOf(memory: SharedArrayBuffer): number;
  /** Sends the message that is described at an address, without waiting. */
  send(descriptor: number, message: number): void;
  /** Receives what is there into it, without waiting; false: nothing is there, or the socket is broken. */
  receive(descriptor: number, message: number): boolean;
  /** Two sockets that are each other's other end: their numbers are put at an address, as two words. False: there are none. */
  openPair(numbers: number): boolean;
  /** Another number for the same socket; -1: there is none. */
  duplicate(descriptor: number): number;
  close(descriptor: number): void;
  /** Something that waits for many; -1: there is none. */
  openWaiter(): number;
  /** Adds a socket to what is waited for: it is reported whenever something new is there, as the struct epoll_event at an address. */
  watch(waiter: number, descriptor: number, event: number): boolean;
  unwatch(waiter: number, descriptor: number): void;
  /** Fills in so many events at most, after so many milliseconds at the latest; how many there are. */
  wait(waiter: number, events: number, most: number, milliseconds: number): number;
  /** What can be waited for, and signalled by any thread. */
  openSignal(): number;
  signal(descriptor: number): void;
  /** Who waits for this thread's processor runs first. */
  giveWay(): void;
}

/** A struct epoll_event as words: what happened, and whom it is about; packed on one kind of processor. */
export const EVENT = {
  words: process.arch === 'x64' ? 3 : 4,
  about: process.arch === 'x64' ? 1 : 2,
} as const;
export const EPOLL = { in: 1, error: 8, hangUp: 16, readHangUp: 0x2000, edge: 0x80000000 } as const;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const F_DUPFD_CLOEXEC = 1030;
const CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

let calls: SocketCalls | undefined | 'unknown' = 'unknown';

export function socketCalls(): SocketCalls | undefined {
  if (calls === 'unknown') calls = load();
  return calls;
}

type Call = (...values: readonly (number | string)[]) => number;

function load(): SocketCalls | undefined {
  if (!linuxOf64Bits()) return undefined;
  try {
    const koffi = loadKoffi();
    const libc = koffi.load(null);
    const call = (declaration: string): Call => libc.func(declaration) as unknown as Call;
    const sendmmsg = call('int sendmmsg(int fd, uintptr_t messages, unsigned int count, int flags)');
    const recvmmsg = call(
      'int recvmmsg(int fd, uintptr_t messages, unsigned int count, int flags, uintptr_t timeout)',
    );
    const socketpair = call('int socketpair(int domain, int type, int protocol, uintptr_t numbers)');
    const fcntl = call('int fcntl(int fd, int command, ...)');
    const close = call('int close(int fd)');
    const epollCreate = call('int epoll_create1(int flags)');
    const epollCtl = call('int epoll_ctl(int epfd, int command, int fd, uintptr_t event)');
    const epollWait = call('int epoll_wait(int epfd, uintptr_t events, int most, int timeout)');
    const eventfd = call('int eventfd(unsigned int value, int flags)');
    const eventfdWrite = call('int eventfd_write(int fd, uint64_t value)');
    const schedYield = call('int sched_yield()');
    return {
      addressOf: (memory) => Number(koffi.address(new Uint8Array(memory))),
      send: (descriptor, message) => {
        sendmmsg(descriptor, message, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
      },
      receive: (descriptor, message) => recvmmsg(descriptor, message, 1, MSG_DONTWAIT, 0) === 1,
      openPair: (numbers) => socketpair(AF_UNIX, SOCK_STREAM | CLOEXEC, 0, numbers) === 0,
      duplicate: (descriptor) => fcntl(descriptor, F_DUPFD_CLOEXEC, 'int', 0),
      close: (descriptor) => {
        close(descriptor);
      },
      openWaiter: () => epollCreate(CLOEXEC),
      watch: (waiter, descriptor, event) => epollCtl(waiter, EPOLL_CTL_ADD, descriptor, event) === 0,
      unwatch: (waiter, descriptor) => {
        epollCtl(waiter, EPOLL_CTL_DEL, descriptor, 0);
      },
      wait: (waiter, events, most, milliseconds) => epollWait(waiter, events, most, milliseconds),
      openSignal: () => eventfd(0, CLOEXEC | EFD_NONBLOCK),
      signal: (descriptor) => {
        eventfdWrite(descriptor, 1);
      },
      giveWay: () => {
        schedYield();
      },
    };
  } catch {
    return undefined;
  }
}
