/**
 * What mutation begins with: messages of other implementations' tests where they are to be had, and messages of our own
 * with every attribute and capability that we know, taken apart into pieces that can be put together in other ways.
 */
import fc from 'fast-check';
import {
  HEADER_LENGTH,
  MAX_EXTENDED_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../src/bgp/message.ts';
import { encodeOpen, noCapabilities } from '../../src/bgp/open.ts';
import { announcement, nlri, prefix4, prefix6, type TestSet, testSet } from '../bgp/support.ts';
import { framed, loadVectors } from '../support/vectors.ts';

/** A path attribute, or a capability: its header as numbers, its value as octets. */
export interface Piece {
  readonly flags: number;
  readonly type: number;
  readonly value: Uint8Array;
}

export interface ParsedUpdate {
  readonly withdrawn: Uint8Array;
  readonly attributes: readonly Piece[];
  readonly nlri: Uint8Array;
}

export interface ParsedOpen {
  readonly fixed: Uint8Array;
  readonly capabilities: readonly Piece[];
}

export interface Corpus {
  /** Whole messages, as they came, right and wrong. */
  readonly messages: readonly Uint8Array[];
  readonly updates: readonly ParsedUpdate[];
  readonly opens: readonly ParsedOpen[];
  readonly attributes: readonly Piece[];
  readonly capabilities: readonly Piece[];
  /** Fields of prefixes. */
  readonly fields: readonly Uint8Array[];
}

let corpus: Corpus | undefined;

/** Made once; the same wherever the same data are. */
export function theCorpus(): Corpus {
  corpus ??= gather([...ownMessages(), ...vectorMessages()]);
  return corpus;
}

function gather(messages: readonly Uint8Array[]): Corpus {
  const updates: ParsedUpdate[] = [];
  const opens: ParsedOpen[] = [];
  for (const message of messages) {
    if (message.length < HEADER_LENGTH) continue;
    if (messageType(message, 0) === MessageType.Update) updates.push(...parseUpdate(message));
    if (messageType(message, 0) === MessageType.Open) opens.push(...parseOpen(message));
  }
  return {
    messages,
    updates,
    opens,
    attributes: updates.flatMap(({ attributes }) => attributes),
    capabilities: opens.flatMap(({ capabilities }) => capabilities),
    fields: updates.flatMap((update) => [update.withdrawn, update.nlri]).filter(({ length }) => length > 0),
  };
}

function vectorMessages(): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const [source, vectors] of loadVectors() ?? []) {
    for (const vector of vectors) {
      const bytes = framed(source, vector)?.bytes ?? new Uint8Array(0);
      messages.push(...split(bytes));
    }
  }
  return messages;
}

/** Message by message; what is no message stays in one piece. */
export function split(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = readHeader(bytes, at, bytes.length - at, MAX_EXTENDED_MESSAGE);
    const end = length > 0 && at + length <= bytes.length ? at + length : bytes.length;
    messages.push(bytes.slice(at, end));
    at = end;
  }
  return messages;
}

/** As a neighbour in another member AS of a confederation tells it (RFC 5065). */
const withMember = (set: TestSet): TestSet => ({ ...set, path: [{ type: 3, ases: [64601] }, ...set.path] });

function ownMessages(): Uint8Array[] {
  const sets = fc.tuple(
    fc.boolean().chain(testSet),
    fc.array(prefix4, { maxLength: 5 }),
    fc.array(prefix6, { maxLength: 4 }),
  );
  const updates = fc
    .sample(sets, { numRuns: 200, seed: 1 })
    .map(([set, four, six], n) =>
      announcement(n % 5 === 0 ? withMember(set) : set, nlri(set.nextHop.length === 4 ? four : six)),
    );
  const capabilities = {
    ...noCapabilities(),
    multiprotocol: [
      { afi: 1, safi: 1 },
      { afi: 2, safi: 1 },
    ],
    routeRefresh: true,
    enhancedRefresh: true,
    extendedMessage: true,
    fourOctetAs: 65001,
    gracefulRestart: { flags: 12, restartTime: 120, families: [{ afi: 1, safi: 1, flags: 128 }] },
    addPath: [{ afi: 1, safi: 1, mode: 3 as const }],
    unknown: [{ code: 200, value: new Uint8Array(9) }],
  };
  const open = { version: 4, as: 65001, as2: 65001, holdTime: 90, bgpId: 0x0a000001, capabilities };
  return [...updates, encodeOpen(open)];
}

/** Nothing where the message does not parse. */
function parseUpdate(message: Uint8Array): ParsedUpdate[] {
  const withdrawnEnd = 21 + ((message[19]! << 8) | message[20]!);
  if (withdrawnEnd + 2 > message.length) return [];
  const start = withdrawnEnd + 2;
  const end = start + ((message[withdrawnEnd]! << 8) | message[withdrawnEnd + 1]!);
  if (end > message.length) return [];
  const attributes: Piece[] = [];
  for (let at = start; at + 4 <= end; ) {
    const extended = (message[at]! & 0x10) !== 0;
    const value = at + (extended ? 4 : 3);
    const next = Math.min(
      value + (extended ? (message[at + 2]! << 8) | message[at + 3]! : message[at + 2]!),
      end,
    );
    attributes.push({
      flags: message[at]! & 0xef,
      type: message[at + 1]!,
      value: message.slice(value, next),
    });
    at = next;
  }
  return [{ withdrawn: message.slice(21, withdrawnEnd), attributes, nlri: message.slice(end) }];
}

function parseOpen(message: Uint8Array): ParsedOpen[] {
  if (message.length < 29) return [];
  const capabilities: Piece[] = [];
  for (let at = 29; at + 2 <= message.length; ) {
    const next = Math.min(at + 2 + message[at + 1]!, message.length);
    for (let each = at + 2; each + 2 <= next; ) {
      const end = Math.min(each + 2 + message[each + 1]!, next);
      capabilities.push({ flags: 0, type: message[each]!, value: message.slice(each + 2, end) });
      each = end;
    }
    at = next;
  }
  return [{ fixed: message.slice(19, 28), capabilities }];
}
