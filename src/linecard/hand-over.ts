/**
 * Several line cards share the sockets: the first one listens, and hands a call over to the card that carries its session.
 *
 *   neighbour ──call──→ card 0: whose session? ──descriptor, by SCM_RIGHTS──→ card k: a socket of its own
 *
 * Threads have the descriptors of their process in common, but two sockets of Node.js must not have one number: each closes
 * it, the second one perhaps over somebody else's file. So the kernel makes another number, as it does between processes:
 * the descriptor goes through a Unix socket, with Node.js' own way of doing that for child processes (a pipe that is opened
 * for IPC). That has no public name; everything that leans on it stands in this file.
 */
import net from 'node:net';

/** A handle of Node.js, around which a net.Socket can be made. */
export type Handle = object;

/** What is needed of a pipe of Node.js (lib/internal/child_process.js uses it like this). */
interface Pipe extends Handle {
  /** Set before `onread` is called for what a handle came with. */
  pendingHandle: Handle | null;
  onread: (bytes: ArrayBuffer | undefined) => void;
  open(descriptor: number): number;
  connect(request: ConnectRequest, path: string): number;
  readStart(): number;
  writeUtf8String(request: WriteRequest, text: string, handle: Handle): number;
  close(): void;
}

interface ConnectRequest {
  oncomplete: (status: number) => void;
}

interface WriteRequest {
  oncomplete: (status: number) => void;
}

interface Bindings {
  pipe_wrap: {
    Pipe: new (kind: number) => Pipe;
    PipeConnectWrap: new () => ConnectRequest;
    constants: { IPC: number };
  };
  stream_wrap: { WriteWrap: new () => WriteRequest };
}

function binding<Name extends keyof Bindings>(name: Name): Bindings[Name] {
  return (process as unknown as { binding(name: Name): Bindings[Name] }).binding(name);
}

function newPipe(): Pipe {
  const { Pipe: Constructor, constants } = binding('pipe_wrap');
  return new Constructor(constants.IPC);
}

/** Any text will do: a descriptor does not travel alone. */
const ESCORT = '.';

/** The end at which calls are handed over. */
export class Giver {
  readonly #pipe = newPipe();

  /** Resolves when the other card is there. */
  connect(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = new (binding('pipe_wrap').PipeConnectWrap)();
      const end = (status: number): void => {
        if (status === 0) resolve();
        else reject(new Error(`cannot reach the line card at ${path}: error ${status}`));
      };
      request.oncomplete = end;
      const status = this.#pipe.connect(request, path);
      if (status !== 0) end(status);
    });
  }

  /** Calls `given` when the other card has, or will have, a descriptor of its own; false if it never will. */
  give(handle: Handle, given: (done: boolean) => void): void {
    const request = new (binding('stream_wrap').WriteWrap)();
    request.oncomplete = (status) => given(status === 0);
    if (this.#pipe.writeUtf8String(request, ESCORT, handle) !== 0) given(false);
  }

  close(): void {
    this.#pipe.close();
  }
}

/** The end at which calls arrive. */
export class Taker {
  readonly #server: net.Server;
  readonly #take: (handle: Handle) => void;
  #connection: net.Socket | undefined;
  #pipe: Pipe | undefined;

  constructor(take: (handle: Handle) => void) {
    this.#take = take;
    this.#server = net.createServer({ pauseOnConnect: true }, (socket) => this.#open(socket));
  }

  /** Resolves when one card, and one only, can connect. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
  }

  close(): void {
    this.#server.close();
    // One number, two handles: closed in one breath, before the number can be anybody else's.
    this.#pipe?.close();
    this.#connection?.destroy();
    this.#pipe = undefined;
    this.#connection = undefined;
  }

  /** An accepted socket is not opened for IPC; it only keeps the descriptor while a pipe reads from it. */
  #open(socket: net.Socket): void {
    if (this.#connection !== undefined) {
      socket.destroy();
      return;
    }
    this.#connection = socket;
    const pipe = newPipe();
    this.#pipe = pipe;
    pipe.pendingHandle = null;
    pipe.onread = (bytes) => {
      const handle = pipe.pendingHandle;
      pipe.pendingHandle = null;
      if (bytes === undefined) this.close();
      else if (handle !== null) this.#take(handle);
    };
    const status = pipe.open((socket as unknown as { _handle: { fd: number } })._handle.fd);
    if (status !== 0 || pipe.readStart() !== 0) this.close();
  }
}
