/** Frames, and the messages that are not UPDATEs: decoded or refused, and what was decoded is written as it was understood. */
import type { Random } from '../../../src/base/random.ts';
import { multiprotocolOf } from '../../../src/bgp/families.ts';
import {
  decodeNotification,
  decodeRouteRefresh,
  encodeNotification,
  encodeRouteRefresh,
  HEADER_LENGTH,
  headerErrorCode,
  headerErrorData,
  headerErrorSubcode,
  MAX_EXTENDED_MESSAGE,
  MAX_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../../src/bgp/message.ts';
import {
  acceptOpen,
  decodeOpen,
  encodeOpen,
  isFailure,
  negotiate,
  noCapabilities,
  type Open,
} from '../../../src/bgp/open.ts';
import { theCorpus } from '../corpus.ts';
import { Mutator } from '../mutate.ts';
import { hold, sameOctets, type Target } from '../target.ts';
import { throughAndBack } from './update.ts';

export function openTarget(): Target {
  const mutator = new Mutator(theCorpus());
  return {
    name: 'open',
    what: 'OPEN: decode, negotiate, encode, decode',
    make: (random, into) => mutator.open(random, into, 0),
    run: (message) => checkOpen(message, HEADER_LENGTH, message.length),
  };
}

/** Several messages of all types in a row, as they come in a stream. */
export function streamTarget(): Target {
  const mutator = new Mutator(theCorpus());
  return {
    name: 'stream',
    what: 'frames and messages of all types, one behind the other',
    make(random, into) {
      let at = 0;
      for (let left = 1 + random.below(4); left > 0; left--) at = mutator.message(random, into, at);
      return at;
    },
    run: readStream,
  };
}

function readStream(bytes: Uint8Array, random: Random): void {
  const longest = random.chance(0.5) ? MAX_MESSAGE : MAX_EXTENDED_MESSAGE;
  for (let at = 0; at < bytes.length; ) {
    const answer = readHeader(bytes, at, bytes.length - at, longest);
    if (answer === 0) {
      hold(bytes.length - at < HEADER_LENGTH, 'a whole header is waited for');
      return;
    }
    if (answer < 0) {
      checkHeaderError(bytes, at, answer);
      return;
    }
    hold(answer >= HEADER_LENGTH && answer <= longest, 'a length that is none');
    if (at + answer > bytes.length) return;
    checkMessage(bytes.slice(at, at + answer), random);
    at += answer;
  }
}

function checkHeaderError(bytes: Uint8Array, at: number, answer: number): void {
  const [code, subcode] = [headerErrorCode(answer), headerErrorSubcode(answer)];
  hold(code === 1 && subcode >= 1 && subcode <= 3, 'a header error that is none');
  encodeNotification(code, subcode, headerErrorData(bytes, at, answer));
}

function checkMessage(message: Uint8Array, random: Random): void {
  switch (messageType(message, 0)) {
    case MessageType.Open:
      checkOpen(message, HEADER_LENGTH, message.length);
      break;
    case MessageType.Update:
      throughAndBack(message, random);
      break;
    case MessageType.Notification: {
      const { code, subcode, data } = decodeNotification(message, HEADER_LENGTH, message.length);
      const written = encodeNotification(code, subcode, data);
      const length = Math.min(message.length, MAX_MESSAGE);
      hold(
        sameOctets(written.subarray(18), message.slice(18, length)),
        'a NOTIFICATION comes back as another one',
      );
      break;
    }
    case MessageType.RouteRefresh: {
      const refresh = decodeRouteRefresh(message, HEADER_LENGTH, message.length);
      if (refresh === undefined) return;
      const written = encodeRouteRefresh(refresh.afi, refresh.safi, refresh.kind);
      hold(sameOctets(written, message), 'a ROUTE-REFRESH comes back as another one');
    }
  }
}

const OURS: Open = {
  version: 4,
  as: 65000,
  as2: 65000,
  holdTime: 90,
  bgpId: 0x0a0000fe,
  capabilities: {
    ...noCapabilities(),
    multiprotocol: multiprotocolOf(3),
    routeRefresh: true,
    enhancedRefresh: true,
    extendedMessage: true,
    fourOctetAs: 65000,
  },
};

function checkOpen(message: Uint8Array, start: number, end: number): void {
  const open = decodeOpen(message, start, end);
  if (isFailure(open)) {
    hold(open.code === 2 && open.why !== '', 'an OPEN is refused without a reason');
    encodeNotification(open.code, open.subcode, open.data);
    return;
  }
  acceptOpen(OURS, open, open.as);
  negotiate(OURS, open);
  const written = encodeOpen(open);
  const once = decodeOpen(written, HEADER_LENGTH, written.length);
  hold(!isFailure(once), 'an OPEN that was taken is not taken again');
  hold(sameOctets(encodeOpen(once), written), 'an OPEN comes back as another one');
  negotiate(once, open);
}
