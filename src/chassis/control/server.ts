/**
 * The control socket: a Unix socket by which commands reach the chassis, readable and writable by its owner
 * only. A socket file that a dead chassis left is replaced; one that is answered means that a chassis is
 * running already, and anything else at that path is not ours to remove.
 */
import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { OperationError } from '../operations.ts';
import type { Answers } from './answers.ts';
import { Connection } from './connection.ts';

export interface ControlServerOptions {
  /** A command failed by an error of ours: one text with its stack, for the log. */
  readonly onBug?: (text: string) => void;
}

const MOST_CLIENTS = 256;
/** sockaddr_un has room for 107 bytes and the zero at the end; Node.js would cut a longer path. */
const LONGEST_PATH = 107;

export class ControlServer {
  readonly path: string;
  #server: Server;
  readonly #newServer: () => Server;
  readonly #clients = new Set<Socket>();
  #closed = false;

  constructor(path: string, answers: Answers, options: ControlServerOptions = {}) {
    this.path = path;
    const onBug = options.onBug ?? ((text: string) => console.error(text));
    this.#newServer = () => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        this.#clients.add(socket);
        socket.on('close', () => this.#clients.delete(socket));
        new Connection(socket, answers, onBug);
      });
      server.maxConnections = MOST_CLIENTS;
      // While it listens: no file descriptor left for a client, for example. The router goes on.
      server.on('error', (error) => server.listening && onBug(`control: ${error.message}`));
      return server;
    };
    this.#server = this.#newServer();
  }

  /** Rejects with an OperationError that says what to do. */
  async listen(): Promise<void> {
    if (Buffer.byteLength(this.path) > LONGEST_PATH) {
      throw new OperationError(
        `the path of the control socket is longer than ${LONGEST_PATH} bytes: ${this.path}`,
      );
    }
    try {
      await this.#bind();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
        throw this.#refusal(error as NodeJS.ErrnoException);
      await this.#removeStale();
      if (this.#closed) return;
      await this.#bind().catch((again: NodeJS.ErrnoException) => Promise.reject(this.#refusal(again)));
    }
  }

  /** Where somebody has removed the socket file nobody can reach us: makes another one. False: it is there. */
  async reopen(): Promise<boolean> {
    if (this.#closed || existsSync(this.path)) return false;
    // Whoever is connected stays so.
    this.#server.close();
    this.#server = this.#newServer();
    await this.listen();
    return true;
  }

  /** Ends all connections and removes the socket file, for good. */
  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#clients) socket.destroy();
    });
  }

  #bind(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      // The bind happens within the call, so that the socket never exists with other rights.
      const umask = process.umask(0o177);
      try {
        this.#server.listen(this.path, () => {
          this.#server.off('error', reject);
          resolve();
        });
      } finally {
        process.umask(umask);
      }
    });
  }

  async #removeStale(): Promise<void> {
    if (!lstatSync(this.path).isSocket()) {
      throw new OperationError(
        `${this.path} is there and is no socket; remove it or choose another "control" path`,
      );
    }
    if (await isAnswered(this.path)) {
      throw new OperationError(`a chassis is already running: it answers at ${this.path}`);
    }
    unlinkSync(this.path);
  }

  #refusal(error: NodeJS.ErrnoException): OperationError {
    // Node.js says EACCES then, too.
    const why = existsSync(dirname(this.path)) ? error.message : 'its folder does not exist';
    return new OperationError(`cannot open the control socket ${this.path}: ${why}`);
  }
}

/** Whether a process listens at the socket. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.on('connect', () => end(true));
    // Refused means that nobody listens; anything else (no permission, a full backlog) that somebody may.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
