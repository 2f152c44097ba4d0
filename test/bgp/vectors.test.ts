/** Messages from the tests of other BGP implementations: none may throw, and FRR's RFC 7606 cases are judged alike. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {
  decodeNotification,
  decodeRouteRefresh,
  HEADER_LENGTH,
  MAX_EXTENDED_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import { Action, CANONICAL_ROOM, canonicalize, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { dataFile } from '../support/data.ts';
import { updateMessage } from './support.ts';

interface Vector {
  readonly id: string;
  readonly form: string;
  readonly hex: string;
  readonly what: string;
  readonly expect: string;
}

const folder = dataFile('vectors');
const view = new UpdateView();
const canonical = new Uint8Array(CANONICAL_ROOM);

function load(file: string): Vector[] {
  return JSON.parse(readFileSync(path.join(folder!, file), 'utf8')) as Vector[];
}

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const NAMES = ['accepted', 'attribute-discard', 'treat-as-withdraw', 'disable-family', 'session-reset'];

function judgeUpdate(
  bytes: Uint8Array,
  start: number,
  end: number,
  fourOctetAs: boolean,
  external: boolean,
): string {
  const options = { fourOctetAs, external, families: 3 };
  decodeUpdate(bytes, start, end, options, view);
  if (view.action <= Action.AttributeDiscard) {
    canonicalize(bytes, view, options, false, canonical, 0);
    if (view.reachAfi !== 0) canonicalize(bytes, view, options, true, canonical, 0);
  }
  return NAMES[view.action]!;
}

/** Every message of the bytes, one behind the other, in words. */
function judge(bytes: Uint8Array, external: boolean): string[] {
  const answers: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = readHeader(bytes, at, bytes.length - at, MAX_EXTENDED_MESSAGE);
    if (length <= 0) return [...answers, length === 0 ? 'incomplete' : `header error ${-length & 255}`];
    if (at + length > bytes.length) return [...answers, 'incomplete'];
    answers.push(judgeMessage(bytes, at, at + length, external));
    at += length;
  }
  return answers;
}

function judgeMessage(bytes: Uint8Array, at: number, end: number, external: boolean): string {
  const body = at + HEADER_LENGTH;
  switch (messageType(bytes, at)) {
    case MessageType.Open:
      return isFailure(decodeOpen(bytes, body, end)) ? 'OPEN refused' : 'OPEN';
    case MessageType.Notification:
      return `NOTIFICATION ${decodeNotification(bytes, body, end).code}`;
    case MessageType.RouteRefresh:
      return decodeRouteRefresh(bytes, body, end) === undefined ? 'ROUTE-REFRESH refused' : 'ROUTE-REFRESH';
    case MessageType.Update:
      judgeUpdate(bytes, body, end, false, external);
      return judgeUpdate(bytes, body, end, true, external);
    default:
      return 'KEEPALIVE';
  }
}

test('every message of other implementations gets an answer', (t) => {
  if (folder === undefined) {
    t.log('skipped: the vectors are not here');
    t.pass();
    return;
  }
  const counts = new Map<string, number>();
  let vectors = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    for (const { form, hex } of load(file)) {
      const bytes = bytesOf(hex);
      const answers =
        form === 'message'
          ? judge(bytes, true)
          : form === 'update_body'
            ? [judgeUpdate(bytes, 0, bytes.length, true, true)]
            : form === 'attrs'
              ? judge(updateMessage({ attributes: [...bytes], nlri: [24, 1, 2, 3] }), true)
              : [];
      if (answers.length > 0) vectors++;
      for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    }
  }
  t.log(
    `${vectors} vectors: ${[...counts]
      .sort()
      .map(([answer, count]) => `${answer} ${count}`)
      .join(', ')}`,
  );
  t.true(vectors > 300);
});

/** Where FRR's tests and ours part, and why: the case's name without the kind of neighbour. */
const DIFFERENT: Readonly<Record<string, readonly [ours: string, why: string]>> = {
  'aspath-flag-partial': ['accepted', 'RFC 7606 3.c names the Optional and Transitive bits only'],
  'as4path-seg-type-0': [
    'attribute-discard',
    'RFC 6793 4.1 and 6: discarded between 4-octet speakers, and where malformed',
  ],
  'prefix-sid-tlv-overrun': ['accepted', 'not recognized here: carried on with Partial'],
  'prefix-sid-bad-label-index': ['accepted', 'not recognized here: carried on with Partial'],
  'nhc-bad-afi-safi': ['accepted', 'not recognized here: carried on with Partial'],
  'pmsi-len-4': ['accepted', 'not recognized here: carried on with Partial'],
  'pmsi-type-255': ['accepted', 'not recognized here: carried on with Partial'],
  'encap-outer-len-mismatch': ['accepted', 'not recognized here: carried on with Partial'],
  'aigp-tlv-unknown-type': ['accepted', 'not recognized here: dropped, as it is non-transitive'],
  'aigp-len-0': ['accepted', 'not recognized here: dropped, as it is non-transitive'],
  'link-state-tlv-overrun': ['accepted', 'not recognized here: dropped, as it is non-transitive'],
  'unknown-fd-nontransitive': ['accepted', 'dropped without a word, as RFC 4271 9 has it'],
};

test("FRR's RFC 7606 cases have FRR's outcome, or a reason why not", (t) => {
  if (folder === undefined) {
    t.log('skipped: the vectors are not here');
    t.pass();
    return;
  }
  const cases = load('frr.json').filter(({ form, id }) => form === 'message' && id.startsWith('bgp_rfc7606'));
  t.true(cases.length > 70);
  for (const { id, hex, expect, what } of cases) {
    const [, name = '', kind = ''] = id.split('/');
    const [expected, why] = DIFFERENT[name] ?? [expect, ''];
    t.deepEqual(judge(bytesOf(hex), kind === 'ebgp'), [expected], `${what} ${why}`);
  }
});
