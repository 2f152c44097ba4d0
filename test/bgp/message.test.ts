import test from 'ava';
import fc from 'fast-check';
import { notificationText } from '../../src/bgp/errors.ts';
import {
  decodeNotification,
  decodeRouteRefresh,
  encodeKeepalive,
  encodeNotification,
  encodeRouteRefresh,
  HEADER_LENGTH,
  headerErrorCode,
  headerErrorData,
  headerErrorSubcode,
  MAX_EXTENDED_MESSAGE,
  MAX_MESSAGE,
  readHeader,
  writeHeader,
} from '../../src/bgp/message.ts';

function header(length: number, type: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH);
  writeHeader(bytes, 0, type, length);
  return bytes;
}

const answer = (bytes: Uint8Array, max = MAX_MESSAGE): number => readHeader(bytes, 0, bytes.length, max);

/** [length, type, largest message, answer]: a length, or code * 256 + subcode of the error, negative. */
// biome-ignore format: one line per rule
const HEADERS: readonly (readonly [number, number, number, number])[] = [
  [19, 4, 4096, 19], [20, 4, 4096, -0x102], [18, 4, 4096, -0x102],
  [29, 1, 4096, 29], [28, 1, 4096, -0x102], [4096, 1, 65535, 4096], [4097, 1, 65535, -0x102],
  [23, 2, 4096, 23], [22, 2, 4096, -0x102], [4096, 2, 4096, 4096], [4097, 2, 4096, -0x102], [65535, 2, 65535, 65535],
  [21, 3, 4096, 21], [20, 3, 4096, -0x102],
  // Up to its subtype: what else is wrong with it depends on that (RFC 7313 5).
  [23, 5, 4096, 23], [22, 5, 4096, 22], [21, 5, 4096, -0x102],
  [19, 0, 4096, -0x103], [19, 6, 4096, -0x103], [19, 255, 4096, -0x103],
];

test('a header is right, or wrong in the way that RFC 4271 6.1 names', (t) => {
  for (const [length, type, max, expected] of HEADERS) {
    t.is(answer(header(length, type), max), expected, `length ${length}, type ${type}, at most ${max}`);
  }
});

test('a header that has not arrived is neither right nor wrong', (t) => {
  const keepalive = encodeKeepalive();
  for (let available = 0; available < HEADER_LENGTH; available++) {
    t.is(readHeader(keepalive, 0, available, MAX_MESSAGE), 0);
  }
  t.is(answer(keepalive), HEADER_LENGTH);
});

test('any octet of the marker that is not all ones is Connection Not Synchronized', (t) => {
  for (let i = 0; i < 16; i++) {
    const bytes = header(19, 4);
    bytes[i] = 0xfe;
    t.is(headerErrorCode(answer(bytes)), 1);
    t.is(headerErrorSubcode(answer(bytes)), 1);
  }
});

test('a header error carries the wrong field (RFC 4271 6.1)', (t) => {
  const long = header(5000, 2);
  t.deepEqual([...headerErrorData(long, 0, answer(long))], [5000 >> 8, 5000 & 255]);
  const type = header(30, 77);
  t.deepEqual([...headerErrorData(type, 0, answer(type))], [77]);
});

test('a NOTIFICATION is decoded to what was encoded, cut to what a message can hold', (t) => {
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(255),
      fc.uint8Array({ maxLength: 5000, size: 'max' }),
      (code, subcode, data) => {
        const message = encodeNotification(code, subcode, data);
        t.is(answer(message), message.length);
        const back = decodeNotification(message, HEADER_LENGTH, message.length);
        t.deepEqual(back, { code, subcode, data: data.slice(0, MAX_MESSAGE - 21) });
      },
    ),
    { numRuns: 50 },
  );
});

test('a ROUTE-REFRESH is decoded to what was encoded', (t) => {
  const message = encodeRouteRefresh(2, 1, 1);
  t.is(answer(message, MAX_EXTENDED_MESSAGE), message.length);
  t.deepEqual(decodeRouteRefresh(message, HEADER_LENGTH, message.length), { afi: 2, safi: 1, kind: 1 });
  t.is(decodeRouteRefresh(message, HEADER_LENGTH, message.length - 1), undefined);
});

test('an operator reads the names of the RFCs', (t) => {
  t.is(notificationText(6, 2), 'Cease/Administrative Shutdown');
  t.is(notificationText(4, 0), 'Hold Timer Expired');
  t.is(notificationText(3, 99), 'UPDATE Message Error/subcode 99');
  t.is(notificationText(77, 1), 'Error 77/1');
});
