/** Cuts a stream of bytes into lines of UTF-8 text, and notices when a line grows beyond all reason. */
import { StringDecoder } from 'node:string_decoder';

export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #longest: number;
  #rest: string[] = [];
  #restLength = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that these bytes complete; undefined where a line is too long, after which nothing more is to be given. */
  take(bytes: Uint8Array): string[] | undefined {
    const parts = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).split('\n');
    const lines: string[] = [];
    for (let i = 0; i < parts.length; i++) {
      this.#rest.push(parts[i]!);
      this.#restLength += parts[i]!.length;
      if (this.#restLength > this.#longest) return undefined;
      if (i === parts.length - 1) break;
      lines.push(this.#rest.join(''));
      this.#rest = [];
      this.#restLength = 0;
    }
    return lines;
  }

  /** What came after the last line feed. */
  end(): string {
    return this.#rest.join('') + this.#decoder.end();
  }
}
