/**
 * Rewrites of path attributes as a sender needs them: a path with ASes in front, another next hop, 2-octet
 * ASes for an old neighbour (RFC 6793). All of them copy from bytes into a sink, attribute by attribute.
 */
import { narrow, needsAs4, prepend } from '../bgp/as-path.ts';
import {
  AS_TRANS,
  AttributeFlag,
  AttributeType,
  OPTIONAL_TRANSITIVE,
  WELL_KNOWN,
} from '../bgp/attribute-table.ts';
import { u16, u32 } from '../bgp/bytes.ts';
import { ByteSink, sharedWords } from './arrays.ts';
import { writeHeader } from './attributes.ts';
import type { AttributeSets, Routes } from './routes.ts';

/** A path attribute where it stands. */
export class AttributeAt {
  flags = 0;
  type = 0;
  /** Its value. */
  from = 0;
  to = 0;

  /** Reads the header at `at`; returns where the attribute ends. */
  read(bytes: Uint8Array, at: number): number {
    this.flags = bytes[at] as number;
    this.type = bytes[at + 1] as number;
    const extended = (this.flags & AttributeFlag.ExtendedLength) !== 0;
    this.from = at + (extended ? 4 : 3);
    this.to = this.from + (extended ? u16(bytes, at + 2) : (bytes[at + 2] as number));
    return this.to;
  }
}

const scratch = new Uint8Array(8192);

/** Copies the attributes [from, to) with `as` put `times` times in front of AS_PATH. */
export function writePrepended(
  sink: ByteSink,
  bytes: Uint8Array,
  from: number,
  to: number,
  as: number,
  times: number,
): void {
  const attribute = new AttributeAt();
  for (let at = from; at < to; ) {
    const end = attribute.read(bytes, at);
    if (attribute.type === AttributeType.AsPath) {
      // The longest path that fits a message is far below half of the scratch.
      const room = scratch.length / 2;
      scratch.set(bytes.subarray(attribute.from, attribute.to));
      let length = attribute.to - attribute.from;
      for (let i = 0; i < times; i++) {
        length = prepend(scratch, 0, length, as, scratch, room) - room;
        scratch.copyWithin(0, room, room + length);
      }
      writeHeader(sink, WELL_KNOWN, AttributeType.AsPath, length);
      sink.put(scratch, 0, length);
    } else {
      sink.put(bytes, at, end);
    }
    at = end;
  }
}

/** The same routes for a neighbour that knows 2-octet ASes only: AS_TRANS, AS4_PATH and AS4_AGGREGATOR. */
export function asTwoOctet(routes: Routes): Routes {
  const { sets } = routes;
  const start = sharedWords(sets.count + 1);
  const sink = new ByteSink(sets.bytes.length);
  for (let set = 0; set < sets.count; set++) {
    writeTwoOctet(sink, sets.bytes, sets.start[set] as number, sets.start[set + 1] as number);
    start[set + 1] = sink.length;
  }
  const narrowed: AttributeSets = { count: sets.count, start, bytes: sink.finish() };
  return { ...routes, sets: narrowed };
}

function writeTwoOctet(sink: ByteSink, bytes: Uint8Array, from: number, to: number): void {
  const attribute = new AttributeAt();
  const behind = new ByteSink(64);
  for (let at = from; at < to; ) {
    const end = attribute.read(bytes, at);
    if (attribute.type === AttributeType.AsPath) writeNarrowPath(sink, behind, bytes, attribute);
    else if (attribute.type === AttributeType.Aggregator)
      writeNarrowAggregator(sink, behind, bytes, attribute);
    else sink.put(bytes, at, end);
    at = end;
  }
  sink.put(behind.bytes, 0, behind.length);
}

function writeNarrowPath(sink: ByteSink, behind: ByteSink, bytes: Uint8Array, path: AttributeAt): void {
  const length = narrow(bytes, path.from, path.to, scratch, 0);
  writeHeader(sink, WELL_KNOWN, AttributeType.AsPath, length);
  sink.put(scratch, 0, length);
  if (!needsAs4(bytes, path.from, path.to)) return;
  writeHeader(behind, OPTIONAL_TRANSITIVE, AttributeType.As4Path, path.to - path.from);
  behind.put(bytes, path.from, path.to);
}

function writeNarrowAggregator(
  sink: ByteSink,
  behind: ByteSink,
  bytes: Uint8Array,
  aggregator: AttributeAt,
): void {
  const as = u32(bytes, aggregator.from);
  writeHeader(sink, aggregator.flags, AttributeType.Aggregator, 6);
  sink.u16(as > 0xffff ? AS_TRANS : as);
  sink.put(bytes, aggregator.from + 4, aggregator.to);
  if (as <= 0xffff) return;
  writeHeader(behind, OPTIONAL_TRANSITIVE, AttributeType.As4Aggregator, 8);
  behind.put(bytes, aggregator.from, aggregator.to);
}
