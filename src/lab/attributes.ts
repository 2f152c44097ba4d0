/**
 * Path attributes of generated and rewritten routes, written in the order of their types (RFC 4271 5:
 * "the sender of an UPDATE message SHOULD order path attributes ... in ascending order").
 */
import {
  AttributeFlag,
  AttributeType,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Segment,
  WELL_KNOWN,
} from '../bgp/attribute-table.ts';
import type { ByteSink } from './arrays.ts';

/** RFC 4271 4.3: the number of ASes in a segment is one octet. */
const SEGMENT_LIMIT = 255;

export interface AttributeValues {
  origin: number;
  readonly path: number[];
  /** ASes at the end of the path that go into an AS_SET. */
  inAsSet: number;
  /** undefined leaves NEXT_HOP out: the route is IPv6, and its next hop stands in MP_REACH_NLRI. */
  nextHop: number | undefined;
  med: number | undefined;
  localPref: number | undefined;
  atomic: boolean;
  /** AS of the aggregator; 0 for none. */
  aggregator: number;
  aggregatorAddress: number;
  readonly communities: number[];
}

export function writeAttributes(sink: ByteSink, values: AttributeValues): void {
  writeHeader(sink, WELL_KNOWN, AttributeType.Origin, 1);
  sink.u8(values.origin);
  writeAsPath(sink, values.path, values.inAsSet);
  if (values.nextHop !== undefined) writeWord(sink, WELL_KNOWN, AttributeType.NextHop, values.nextHop);
  if (values.med !== undefined)
    writeWord(sink, OPTIONAL_NON_TRANSITIVE, AttributeType.MultiExitDisc, values.med);
  if (values.localPref !== undefined) writeWord(sink, WELL_KNOWN, AttributeType.LocalPref, values.localPref);
  if (values.atomic) writeHeader(sink, WELL_KNOWN, AttributeType.AtomicAggregate, 0);
  if (values.aggregator !== 0) {
    writeHeader(sink, OPTIONAL_TRANSITIVE, AttributeType.Aggregator, 8);
    sink.u32(values.aggregator);
    sink.u32(values.aggregatorAddress);
  }
  if (values.communities.length > 0) {
    writeHeader(sink, OPTIONAL_TRANSITIVE, AttributeType.Communities, values.communities.length * 4);
    for (const community of values.communities) sink.u32(community);
  }
}

export function writeHeader(sink: ByteSink, flags: number, type: number, length: number): void {
  const extended = length > 255;
  sink.u8(extended ? flags | AttributeFlag.ExtendedLength : flags);
  sink.u8(type);
  if (extended) sink.u16(length);
  else sink.u8(length);
}

function writeWord(sink: ByteSink, flags: number, type: number, value: number): void {
  writeHeader(sink, flags, type, 4);
  sink.u32(value);
}

function writeAsPath(sink: ByteSink, path: readonly number[], inAsSet: number): void {
  const sequence = path.length - inAsSet;
  const segments = Math.ceil(sequence / SEGMENT_LIMIT) + (inAsSet > 0 ? 1 : 0);
  writeHeader(sink, WELL_KNOWN, AttributeType.AsPath, segments * 2 + path.length * 4);
  for (let from = 0; from < sequence; from += SEGMENT_LIMIT) {
    writeSegment(sink, Segment.Sequence, path, from, Math.min(sequence, from + SEGMENT_LIMIT));
  }
  if (inAsSet > 0) writeSegment(sink, Segment.Set, path, sequence, path.length);
}

function writeSegment(sink: ByteSink, type: number, path: readonly number[], from: number, to: number): void {
  sink.u8(type);
  sink.u8(to - from);
  for (let i = from; i < to; i++) sink.u32(path[i] as number);
}
