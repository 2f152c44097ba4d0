/**
 * Reads an MRT file record by record, at the pace of whoever takes the records; no more than one piece of
 * the file and one record are in memory. Types that are not known come out as 'unknown', to be counted; a
 * file that is cut or damaged ends in an MrtError that says where.
 */
import { u16, u32 } from '../bgp/bytes.ts';
import { MRT_HEADER, MrtError, MrtType } from './format.ts';
import { Damaged, decodeRecord, type MrtHeader, type MrtRecord } from './records.ts';
import { chunksOf } from './source.ts';

/** No record is near this; a length beyond it means that we do not stand at a record's start. */
const MAX_RECORD = 64 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** Hands each record to `onRecord`, valid for the time of the call. */
export async function readMrt(file: string, onRecord: (record: MrtRecord) => void): Promise<void> {
  const splitter = new Splitter(file);
  for await (const chunk of contentOf(file, splitter)) {
    for (const record of splitter.records(chunk)) onRecord(record);
  }
  splitter.end();
}

/** The same as an async iterable: each record is valid until the next one is asked for. */
export async function* mrtRecords(file: string): AsyncGenerator<MrtRecord> {
  const splitter = new Splitter(file);
  for await (const chunk of contentOf(file, splitter)) yield* splitter.records(chunk);
  splitter.end();
}

/** The file's content; what goes wrong while it is read or decompressed becomes an MrtError. */
async function* contentOf(file: string, splitter: Splitter): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksOf(file);
  } catch (error) {
    if (error instanceof MrtError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new MrtError(file, splitter.offset, `cannot be read (${why})`);
  }
}

/** The same octets without Buffer's own methods: its slice() would not copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Cuts the content into records, and keeps the beginning of a record whose rest is yet to come. */
class Splitter {
  /** Offset in the content of what is not yet a whole record. */
  offset = 0;
  readonly #file: string;
  #left: Uint8Array = NOTHING;

  constructor(file: string) {
    this.#file = file;
  }

  *records(chunk: Uint8Array): Generator<MrtRecord> {
    const bytes = plain(this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]));
    this.#left = NOTHING;
    let at = 0;
    while (at + MRT_HEADER <= bytes.length) {
      const length = u32(bytes, at + 8);
      if (length > MAX_RECORD) throw new MrtError(this.#file, this.offset, `not a record (length ${length})`);
      const end = at + MRT_HEADER + length;
      if (end > bytes.length) break;
      yield this.#decode(bytes, at, end);
      this.offset += end - at;
      at = end;
    }
    // A copy: a piece of the file is not to stay for the sake of a few octets.
    this.#left = bytes.slice(at);
  }

  end(): void {
    if (this.#left.length === 0) return;
    throw new MrtError(
      this.#file,
      this.offset,
      `ends in the middle of a record (${this.#left.length} octets of it)`,
    );
  }

  #decode(bytes: Uint8Array, at: number, end: number): MrtRecord {
    const type = u16(bytes, at + 4);
    const extended = type === MrtType.Bgp4mpEt;
    const start = at + MRT_HEADER + (extended ? 4 : 0);
    if (start > end) throw new MrtError(this.#file, this.offset, 'a record without its microseconds');
    const header: MrtHeader = {
      time: u32(bytes, at),
      microseconds: extended ? u32(bytes, at + MRT_HEADER) : 0,
      type,
      subtype: u16(bytes, at + 6),
      offset: this.offset,
    };
    try {
      return decodeRecord(bytes, start, end, header);
    } catch (error) {
      if (error instanceof Damaged)
        throw new MrtError(this.#file, this.offset, `damaged record: ${error.message}`);
      throw error;
    }
  }
}
