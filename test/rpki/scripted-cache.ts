/** A cache that says what a test tells it to say, PDU by PDU (RFC 8210 5), and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { PDU } from '../../src/rpki/pdu.ts';

export class ScriptedCache {
  version = 1;
  /** Queries as they came, in words. */
  readonly asked: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  readonly #waiting: ((socket: Socket) => void)[] = [];
  #unanswered: Socket[] = [];

  private constructor() {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => this.#onData(socket, bytes));
    });
  }

  static async start(): Promise<ScriptedCache> {
    const cache = new ScriptedCache();
    cache.#server.listen(0, '127.0.0.1');
    await once(cache.#server, 'listening');
    return cache;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** The next query, or error report, that was not taken yet. */
  async query(): Promise<Socket> {
    return this.#unanswered.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
  }

  close(): void {
    this.#server.close();
  }

  #onData(socket: Socket, bytes: Buffer): void {
    // The client writes each query by itself, and they are short.
    for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at + 4)) {
      const version = bytes[at];
      const type = bytes[at + 1];
      const word = bytes.readUInt16BE(at + 2);
      if (type === PDU.resetQuery) this.asked.push(`v${version} reset`);
      else if (type === PDU.serialQuery)
        this.asked.push(`v${version} serial ${word}/${bytes.readUInt32BE(at + 8)}`);
      else this.asked.push(`v${version} error ${word}`);
      const next = this.#waiting.shift();
      if (next === undefined) this.#unanswered.push(socket);
      else next(socket);
    }
  }

  pdu(type: number, word: number, ...words: readonly number[]): Buffer {
    const bytes = Buffer.alloc(8 + 4 * words.length);
    bytes[0] = this.version;
    bytes[1] = type;
    bytes.writeUInt16BE(word, 2);
    bytes.writeUInt32BE(bytes.length, 4);
    for (const [i, each] of words.entries()) bytes.writeUInt32BE(each >>> 0, 8 + 4 * i);
    return bytes;
  }

  response(session: number): Buffer {
    return this.pdu(PDU.cacheResponse, session);
  }

  prefix4(announce: boolean, address: number, length: number, maxLength: number, as: number): Buffer {
    const flags = ((announce ? 1 : 0) << 24) | (length << 16) | (maxLength << 8);
    return this.pdu(PDU.ipv4Prefix, 0, flags, address, as);
  }

  prefix6(
    announce: boolean,
    address: readonly number[],
    length: number,
    maxLength: number,
    as: number,
  ): Buffer {
    const flags = ((announce ? 1 : 0) << 24) | (length << 16) | (maxLength << 8);
    return this.pdu(PDU.ipv6Prefix, 0, flags, ...address, as);
  }

  endOfData(session: number, serial: number, expire = 7200): Buffer {
    return this.version === 0
      ? this.pdu(PDU.endOfData, session, serial)
      : this.pdu(PDU.endOfData, session, serial, 3600, 600, expire);
  }

  error(code: number, text: string): Buffer {
    const words = Buffer.from(text);
    const bytes = Buffer.alloc(16 + words.length);
    bytes[0] = this.version;
    bytes[1] = PDU.errorReport;
    bytes.writeUInt16BE(code, 2);
    bytes.writeUInt32BE(bytes.length, 4);
    bytes.writeUInt32BE(words.length, 12);
    words.copy(bytes, 16);
    return bytes;
  }
}
