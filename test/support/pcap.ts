/**
 * TCP streams out of a packet capture (pcap and pcapng), in the simplest way that captures of tests need: each direction of each
 * connection as one row of octets, in the order of sequence numbers, what came twice once.
 */
import { readFileSync } from 'node:fs';

export interface Stream {
  /** `address:port > address:port` */
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Segment {
  readonly sequence: number;
  readonly syn: boolean;
  readonly payload: Uint8Array;
}

const PORT = 179;

/** The streams of connections from or to port 179. */
export function bgpStreams(file: string): Stream[] {
  const streams = new Map<string, Segment[]>();
  for (const { link, bytes } of frames(new Uint8Array(readFileSync(file)))) {
    const ip = network(link, bytes);
    if (ip !== undefined) takePacket(ip, streams);
  }
  return [...streams]
    .map(([name, segments]) => ({ name, bytes: reassemble(segments) }))
    .filter(({ bytes }) => bytes.length > 0);
}

interface Frame {
  readonly link: number;
  readonly bytes: Uint8Array;
}

function* frames(file: Uint8Array): Generator<Frame> {
  const view = new DataView(file.buffer);
  const magic = view.getUint32(0, true);
  if (magic === 0x0a0d0d0a) yield* blocks(file, view);
  else {
    const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
    const link = view.getUint32(20, little) & 0xffff;
    for (let at = 24; at + 16 <= file.length; ) {
      const length = view.getUint32(at + 8, little);
      yield { link, bytes: file.subarray(at + 16, at + 16 + length) };
      at += 16 + length;
    }
  }
}

/** pcapng: interface descriptions (1) and enhanced packets (6). */
function* blocks(file: Uint8Array, view: DataView): Generator<Frame> {
  const little = view.getUint32(8, true) === 0x1a2b3c4d;
  const links: number[] = [];
  for (let at = 0; at + 12 <= file.length; ) {
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (type === 1) links.push(view.getUint16(at + 8, little));
    if (type === 6) {
      const captured = view.getUint32(at + 20, little);
      yield {
        link: links[view.getUint32(at + 8, little)] ?? 1,
        bytes: file.subarray(at + 28, at + 28 + captured),
      };
    }
    at += length;
  }
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65536 + u16(bytes, at + 2);

/** Octets before the ether type, by link type: Ethernet, PPP, Cisco HDLC, Linux cooked (1 and 2). */
const TYPE_AT: Readonly<Record<number, number>> = { 1: 12, 9: 2, 104: 2, 113: 14, 276: 0 };

/** The IP packet of a frame, behind VLANs and MPLS labels, too. */
function network(link: number, bytes: Uint8Array): Uint8Array | undefined {
  if (link === 0) return bytes.subarray(4);
  if (TYPE_AT[link] === undefined) return bytes;
  let at = TYPE_AT[link];
  if (link === 276) return bytes.subarray(20);
  while (u16(bytes, at) === 0x8100 || u16(bytes, at) === 0x88a8) at += 4;
  const type = u16(bytes, at);
  if (type === 0x8847) return afterLabels(bytes, at + 2);
  // PPP has a number of its own for IPv4.
  return type === 0x0800 || type === 0x86dd || type === 0x0021 ? bytes.subarray(at + 2) : undefined;
}

function afterLabels(bytes: Uint8Array, at: number): Uint8Array {
  while (at + 4 < bytes.length && (bytes[at + 2]! & 1) === 0) at += 4;
  return bytes.subarray(at + 4);
}

function takePacket(ip: Uint8Array, streams: Map<string, Segment[]>): void {
  const six = ip[0]! >> 4 === 6;
  const header = six ? 40 : (ip[0]! & 15) * 4;
  const protocol = six ? ip[6] : ip[9];
  const end = six ? 40 + u16(ip, 4) : u16(ip, 2);
  if (protocol !== 6 || (!six && (u16(ip, 6) & 0x1fff) !== 0)) return;
  const tcp = ip.subarray(header, Math.min(end, ip.length));
  if (tcp.length < 20) return;
  const [from, to] = [u16(tcp, 0), u16(tcp, 2)];
  if (from !== PORT && to !== PORT) return;
  const size = six ? 16 : 4;
  const source = six ? 8 : 12;
  const address = (at: number): string => ip.subarray(at, at + size).join('.');
  const name = `${address(source)}:${from} > ${address(source + size)}:${to}`;
  const segments = streams.get(name) ?? [];
  streams.set(name, segments);
  const payload = tcp.slice((tcp[12]! >> 4) * 4);
  segments.push({ sequence: u32(tcp, 4), syn: (tcp[13]! & 2) !== 0, payload });
}

function reassemble(segments: readonly Segment[]): Uint8Array {
  const full = segments.filter(({ payload }) => payload.length > 0);
  const first = full[0];
  if (first === undefined) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  const known = new Map<number, Uint8Array>();
  let next = first.sequence;
  const offset = ({ sequence }: Segment): number => (sequence - first.sequence) | 0;
  for (const segment of full.sort((a, b) => offset(a) - offset(b))) {
    const { sequence, payload } = segment;
    const before = (next - sequence) | 0;
    const same = known.get(sequence);
    // Captures that somebody made by hand have several messages at one place.
    const another = same !== undefined && Buffer.compare(same, payload) !== 0;
    if (before >= payload.length && !another) continue;
    known.set(sequence, payload);
    // What is missing in the capture is left out.
    parts.push(before > 0 && !another ? payload.subarray(before) : payload);
    next = (sequence + payload.length) >>> 0;
  }
  return Buffer.concat(parts);
}
