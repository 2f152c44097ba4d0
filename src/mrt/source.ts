/**
 * The content of a file in pieces: plain, gzip or bzip2, told apart by their first octets and not by name.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import unbzip2 from 'unbzip2-stream';

const CHUNK = 256 * 1024;
const GZIP = Buffer.of(0x1f, 0x8b);
const BZIP2 = Buffer.from('BZh');

async function magicOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const magic = Buffer.alloc(3);
    const { bytesRead } = await handle.read(magic, 0, 3, 0);
    return magic.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

export async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  const magic = await magicOf(file);
  const raw = createReadStream(file, { highWaterMark: CHUNK });
  let content: Readable = raw;
  if (magic.subarray(0, 2).equals(GZIP)) content = raw.pipe(createGunzip({ chunkSize: CHUNK }));
  else if (magic.equals(BZIP2)) content = new Readable().wrap(raw.pipe(unbzip2()));
  // pipe() does not hand errors on.
  raw.on('error', (error) => content.destroy(error));
  try {
    yield* content as AsyncIterable<Uint8Array>;
  } finally {
    raw.destroy();
    content.destroy();
  }
}
