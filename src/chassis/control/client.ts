/** The client's side of the control socket, as the commands use it: one request at a time. */
import { connect, type Socket } from 'node:net';
import { OperationError } from '../operations.ts';
import type { CommandName } from './arguments.ts';
import { LineSplitter } from './lines.ts';
import { isObject, type Response } from './protocol.ts';

/** A line with rows can be long; this only bounds what a broken server can do to us. */
const LONGEST_RESPONSE = 256 * 1024 * 1024;

export class ControlClient {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #lines: AsyncGenerator<string>;
  #nextId = 1;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    // A connection that breaks is seen where its lines are read.
    socket.on('error', () => {});
    this.#lines = readLines(socket);
  }

  /** Rejects with an OperationError that says why nobody answers, and what to do. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const onError = (error: NodeJS.ErrnoException) =>
        reject(new OperationError(unreachableText(path, error)));
      socket.once('error', onError);
      socket.once('connect', () => {
        socket.off('error', onError);
        resolve(new ControlClient(socket, path));
      });
    });
  }

  /** The result of a command; its rows, where it has any, are passed over. */
  async call<T>(command: CommandName, given: Record<string, unknown> = {}): Promise<T> {
    const answer = this.stream<unknown, T>(command, given);
    for (;;) {
      const { done, value } = await answer.next();
      if (done) return value;
    }
  }

  /** The rows of a command in batches, read no faster than they are taken; the result is what it returns. */
  async *stream<Row, T = unknown>(
    command: CommandName,
    given: Record<string, unknown> = {},
  ): AsyncGenerator<Row[], T, void> {
    const id = this.#nextId++;
    this.#socket.write(`${JSON.stringify({ id, command, arguments: given })}\n`);
    for (;;) {
      const response = await this.#response();
      if (response.id !== id && response.id !== null) continue;
      if ('error' in response) throw new OperationError(response.error.message, response.error.code);
      if ('result' in response) return response.result as T;
      yield response.rows as Row[];
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  async #response(): Promise<Response> {
    let line: IteratorResult<string>;
    try {
      line = await this.#lines.next();
    } catch {
      line = { done: true, value: undefined };
    }
    if (line.done) {
      throw new OperationError(`the chassis at ${this.#path} closed the connection before it had answered`);
    }
    return this.#read(line.value);
  }

  #read(line: string): Response {
    try {
      const response: unknown = JSON.parse(line);
      if (isObject(response) && 'id' in response) return response as unknown as Response;
    } catch {
      // Not JSON: the same answer as for any other JSON.
    }
    throw new OperationError(`what answers at ${this.#path} is no chassis`);
  }
}

/** Iterating over a socket reads only what is asked for: a slow reader of rows slows the chassis's sending. */
async function* readLines(socket: Socket): AsyncGenerator<string> {
  const splitter = new LineSplitter(LONGEST_RESPONSE);
  for await (const bytes of socket) {
    const lines = splitter.take(bytes as Buffer);
    if (lines === undefined) return;
    yield* lines;
  }
}

function unreachableText(path: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
    case 'ENOTDIR':
      return `no chassis answers at ${path}; start one with "chassis run FILE", or name its socket with --control PATH`;
    case 'EACCES':
      return `no permission to use the control socket ${path}; run as the user who started the chassis`;
    default:
      return `cannot reach the chassis at ${path}: ${error.message}`;
  }
}
