/**
 * One client of the control socket: takes its lines, answers them one after another, and waits for the
 * client where it reads slowly. Nothing that a client sends, or its going away in the middle of an answer,
 * reaches beyond this connection.
 */
import type { Socket } from 'node:net';
import { suggestion } from '../../config/nearest.ts';
import { OperationError } from '../operations.ts';
import type { Answers, Reply } from './answers.ts';
import { type Arguments, COMMAND_NAMES, type CommandName, checkArguments } from './arguments.ts';
import { LineSplitter } from './lines.ts';
import { type Failure, LONGEST_REQUEST, type RequestId, type Response, readRequest } from './protocol.ts';

/** Requests that wait; a client that sends more is not read until some are answered. */
const MOST_WAITING = 32;
const LINGER_MILLISECONDS = 1000;

export class Connection {
  readonly #socket: Socket;
  readonly #answers: Answers;
  readonly #onBug: (text: string) => void;
  readonly #gone = new AbortController();
  readonly #lines = new LineSplitter(LONGEST_REQUEST);
  readonly #waiting: string[] = [];
  #answering = false;
  #ended = false;

  constructor(socket: Socket, answers: Answers, onBug: (text: string) => void) {
    this.#socket = socket;
    this.#answers = answers;
    this.#onBug = onBug;
    socket.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    socket.on('end', () => this.#onEnd());
    // A reset or a broken pipe is a client that left; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#gone.abort());
  }

  #onBytes(bytes: Buffer): void {
    if (this.#ended) return;
    const lines = this.#lines.take(bytes);
    if (lines === undefined) {
      this.#refuseLine();
      return;
    }
    this.#waiting.push(...lines.filter((line) => line.trim() !== ''));
    if (this.#waiting.length > MOST_WAITING) this.#socket.pause();
    void this.#answerWaiting();
  }

  /** The client may close its sending side and still read (`socat`, `nc`): what it asked is answered. */
  #onEnd(): void {
    if (this.#ended) return;
    const line = this.#lines.end();
    if (line.trim() !== '') this.#waiting.push(line);
    this.#ended = true;
    void this.#answerWaiting();
  }

  #refuseLine(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    this.#send({
      id: null,
      error: { code: 2, message: `a request of more than ${LONGEST_REQUEST} characters` },
    });
    // What still comes is read and forgotten for a moment, so that the client gets the error and not a reset.
    this.#socket.end();
    this.#gone.abort();
    setTimeout(() => this.#socket.destroy(), LINGER_MILLISECONDS).unref();
  }

  async #answerWaiting(): Promise<void> {
    if (this.#answering) return;
    this.#answering = true;
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      await this.#answer(line);
      if (this.#gone.signal.aborted) return;
      if (this.#waiting.length <= MOST_WAITING / 2) this.#socket.resume();
    }
    this.#answering = false;
    if (this.#ended) this.#socket.end();
  }

  async #answer(line: string): Promise<void> {
    const request = readRequest(line);
    if ('wrong' in request) {
      this.#send({ id: request.id, error: { code: 2, message: request.wrong } });
      return;
    }
    const { id, command, arguments: given } = request;
    try {
      const result = await this.#run(id, command, given);
      this.#send({ id, result: result ?? null });
    } catch (error) {
      this.#send({ id, error: this.#failure(command, error) });
    }
  }

  async #run(id: RequestId, name: string, given: Record<string, unknown>): Promise<unknown> {
    const command = COMMAND_NAMES.find((known) => known === name);
    if (command === undefined) {
      throw new OperationError(
        `there is no command "${name.slice(0, 60)}"${suggestion(name, COMMAND_NAMES)}`,
        2,
      );
    }
    const checked = checkArguments(command, given);
    // One command's answer and arguments belong together; the union of all does not show that.
    const answer = this.#answers[command] as (given: Arguments<CommandName>, reply: Reply) => unknown;
    return answer(checked, {
      rows: (rows) => this.#sendRows(id, rows),
      gone: this.#gone.signal,
    });
  }

  #failure(command: string, error: unknown): Failure {
    if (error instanceof OperationError) return { code: error.code, message: error.message };
    const text = error instanceof Error ? error.message : String(error);
    this.#onBug(`control: "${command}" failed: ${error instanceof Error ? error.stack : text}`);
    return { code: 1, message: `internal error in "${command}": ${text}` };
  }

  async #sendRows(id: RequestId, rows: unknown[]): Promise<void> {
    if (this.#send({ id, rows })) return;
    await this.#room();
  }

  /** False where the client is to be waited for. */
  #send(response: Response): boolean {
    if (this.#gone.signal.aborted || !this.#socket.writable) return true;
    return this.#socket.write(`${JSON.stringify(response)}\n`);
  }

  /** Resolves when the client has read, or is gone. */
  #room(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone.signal.aborted) return resolve();
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }
}
