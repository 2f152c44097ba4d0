/**
 * Writes a table as TABLE_DUMP_V2 (RFC 6396 4.3): one PEER_INDEX_TABLE, then a RIB_IPV4_UNICAST or
 * RIB_IPV6_UNICAST record per prefix. Attributes are canonical ones (4-octet ASes; of MP_REACH_NLRI only the
 * next hop, as RFC 6396 4.3.4 wants it), written as they are.
 *
 * The routes are taken at the pace of the disk. The file stands under its name when it is complete, and until
 * then as NAME.part; a name that ends in .gz is compressed. Where a device or a pipe has the name, it must not be replaced.
 */
import { open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { putU16, putU32 } from '../bgp/bytes.ts';
import { type Prefix, writePrefix4, writePrefix6 } from '../bgp/nlri.ts';
import { MRT_HEADER, MrtType, TableDumpV2 } from './format.ts';
import type { MrtPeer } from './records.ts';

export interface DumpEntry {
  /** Index into the peers. */
  readonly peerIndex: number;
  /** Seconds since 1970. */
  readonly originatedTime: number;
  readonly attributes: Uint8Array;
  /** Path identifier, where the neighbour tells several paths (RFC 8050); where any entry of a record has one, all get one. */
  readonly path?: number;
}

export interface DumpRoute {
  readonly family: 'ipv4-unicast' | 'ipv6-unicast';
  readonly prefix: Readonly<Prefix>;
  readonly entries: readonly DumpEntry[];
}

export interface DumpOptions {
  readonly peers: readonly MrtPeer[];
  /** BGP Identifier of the router that dumps. */
  readonly collectorId: number;
  readonly viewName?: string;
  /** Seconds since 1970, of all records. */
  readonly time: number;
}

export interface DumpCounts {
  prefixes: number;
  entries: number;
}

/** What is collected before it goes to the stream; records grow the buffer where they must. */
const BUFFER = 256 * 1024;
/** Peer index, time and length in front of the attributes, and how many entries a record can have. */
const ENTRY_HEADER = 8;
const MAX_ENTRIES = 0xffff;

export async function writeTableDump(
  file: string,
  options: DumpOptions,
  routes: Iterable<DumpRoute> | AsyncIterable<DumpRoute>,
): Promise<DumpCounts> {
  const place = await placeOf(file);
  const part = `${place}.part`;
  const output = (await open(part, 'w')).createWriteStream();
  const stream = file.endsWith('.gz') ? createGzip() : output;
  if (stream !== output) stream.pipe(output);
  const done = finished(output);
  // It is awaited below; until then a failure must not count as one that nobody handles.
  done.catch(() => {});
  output.on('error', (error) => stream.destroy(error));
  try {
    const counts = await writeRecords(new RecordWriter(stream), options, routes);
    stream.end();
    await done;
    await rename(part, place);
    return counts;
  } catch (error) {
    stream.destroy();
    output.destroy();
    await rm(part, { force: true });
    throw error;
  }
}

/** Where a link leads to a file, that file. */
async function placeOf(file: string): Promise<string> {
  const there = await stat(file).catch(() => undefined);
  if (there === undefined) return file;
  if (there.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  if (!there.isFile()) throw new Error('it is no file, but a device, a pipe or a socket');
  // /dev/stdout would be the log of who writes, not the output of who asks.
  const ways = [await realpath(dirname(file)), await readlink(file).catch(() => '')];
  if (ways.some((way) => way.startsWith('/proc/'))) throw new Error('it is what the router itself has open');
  return realpath(file);
}

async function writeRecords(
  writer: RecordWriter,
  options: DumpOptions,
  routes: Iterable<DumpRoute> | AsyncIterable<DumpRoute>,
): Promise<DumpCounts> {
  const counts: DumpCounts = { prefixes: 0, entries: 0 };
  writer.peerIndex(options);
  for await (const route of routes) {
    counts.entries += writer.rib(route, options.time, counts.prefixes++);
    if (writer.full) await writer.flush();
  }
  await writer.flush();
  return counts;
}

class RecordWriter {
  readonly #stream: Writable;
  #bytes = new Uint8Array(BUFFER);
  #length = 0;
  #failure: Error | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  get full(): boolean {
    return this.#length >= BUFFER / 2;
  }

  /** Hands over what is collected, and waits where the stream has enough. */
  async flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const piece = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    if (this.#stream.write(piece)) return;
    await new Promise<void>((resolve, reject) => {
      const stream = this.#stream;
      const settle = (error?: Error): void => {
        stream.off('drain', settle);
        stream.off('error', settle);
        if (error === undefined) resolve();
        else reject(error);
      };
      stream.on('drain', settle);
      stream.on('error', settle);
    });
  }

  /** RFC 6396 4.3.1; each peer's type says how long its address is, and that its AS has 4 octets. */
  peerIndex(options: DumpOptions): void {
    const { peers, viewName = '' } = options;
    const name = Buffer.from(viewName);
    const at = this.#open(MRT_HEADER + 8 + name.length + peers.length * 25);
    const bytes = this.#bytes;
    let to = at + MRT_HEADER;
    putU32(bytes, to, options.collectorId);
    putU16(bytes, to + 4, name.length);
    bytes.set(name, to + 6);
    to += 6 + name.length;
    putU16(bytes, to, peers.length);
    to += 2;
    for (const { bgpId, as, address } of peers) {
      bytes[to] = (address.length === 16 ? 1 : 0) | 2;
      putU32(bytes, to + 1, bgpId);
      bytes.set(address, to + 5);
      putU32(bytes, to + 5 + address.length, as);
      to += 9 + address.length;
    }
    this.#close(at, to, options.time, TableDumpV2.PeerIndexTable);
  }

  /** RFC 6396 4.3.2; returns how many entries the record has. */
  rib(route: DumpRoute, time: number, sequence: number): number {
    const at = this.#open(MRT_HEADER + 4 + 17 + 2);
    const { length, word0, word1, word2, word3 } = route.prefix;
    const ipv4 = route.family === 'ipv4-unicast';
    putU32(this.#bytes, at + MRT_HEADER, sequence >>> 0);
    const nlri = at + MRT_HEADER + 4;
    const countAt = ipv4
      ? writePrefix4(this.#bytes, nlri, word0, length)
      : writePrefix6(this.#bytes, nlri, word0, word1, word2, word3, length);
    let to = countAt + 2;
    let count = 0;
    const addPath = route.entries.some(({ path }) => path !== undefined);
    const header = addPath ? ENTRY_HEADER + 4 : ENTRY_HEADER;
    for (const { peerIndex, originatedTime, attributes, path = 0 } of route.entries) {
      if (count === MAX_ENTRIES) throw new Error('more than 65,535 routes for a prefix');
      this.#reserve(to + header + attributes.length);
      putU16(this.#bytes, to, peerIndex);
      putU32(this.#bytes, to + 2, originatedTime);
      if (addPath) putU32(this.#bytes, to + 6, path);
      putU16(this.#bytes, to + header - 2, attributes.length);
      this.#bytes.set(attributes, to + header);
      to += header + attributes.length;
      count++;
    }
    putU16(this.#bytes, countAt, count);
    const plain = ipv4 ? TableDumpV2.RibIpv4Unicast : TableDumpV2.RibIpv6Unicast;
    // RFC 8050 4: the subtypes with path identifiers.
    this.#close(at, to, time, addPath ? plain + 6 : plain);
    return count;
  }

  #open(room: number): number {
    this.#reserve(this.#length + room);
    return this.#length;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  #close(at: number, end: number, time: number, subtype: number): void {
    const bytes = this.#bytes;
    putU32(bytes, at, time);
    putU16(bytes, at + 4, MrtType.TableDumpV2);
    putU16(bytes, at + 6, subtype);
    putU32(bytes, at + 8, end - at - MRT_HEADER);
    this.#length = end;
  }
}
