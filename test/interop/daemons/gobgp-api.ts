/**
 * As much of GoBGP's gRPC interface (api/gobgp.proto) as moves whole tables: AddPathStream in, ListPath out,
 * both with routes in BGP's own encoding. gRPC is HTTP/2 with protobuf messages, each behind a flag octet and
 * its length; Node.js has the one, and the other is small enough to do here.
 */
import http2 from 'node:http2';
import { connect } from 'node:net';
import { type Announcement, type Family, familyOf, type Route } from '../routes.ts';
import { attributesOf, emptyRoute, nlri, Reader, readAttributes, readPrefix } from '../wire.ts';

/** Field numbers of the messages that are used here. */
const FAMILY = { afi: 1, safi: 2 } as const;
const PATH = { isWithdraw: 5, family: 9, neighbor: 15, nlri: 20, attributes: 21 } as const;
const ADD_PATH_STREAM = { paths: 3 } as const;
const LIST_PATH = { family: 3, nlriBinary: 7, attributeBinary: 8, onlyBinary: 9 } as const;
const LIST_PATH_ANSWER = { destination: 1 } as const;
const DESTINATION = { paths: 2 } as const;

const PATHS_PER_MESSAGE = 500;
const WINDOW = 1 << 24;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

const numberField = (field: number, value: number) => [...varint(field << 3), ...varint(value)];

const bytesField = (field: number, bytes: ArrayLike<number>) => [
  ...varint((field << 3) | 2),
  ...varint(bytes.length),
  ...Array.from(bytes),
];

const familyMessage = (family: Family) => [
  ...numberField(FAMILY.afi, family === 'ipv4' ? 1 : 2),
  ...numberField(FAMILY.safi, 1),
];

/** Calls `onField` for every length-delimited field of a message; numbers are passed over. */
function eachField(message: Uint8Array, onField: (field: number, value: Uint8Array) => void): void {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = number();
    const wireType = key & 7;
    if (wireType === 0) number();
    else if (wireType === 2) {
      const length = number();
      onField(key >>> 3, message.subarray(at, at + length));
      at += length;
    } else throw new Error(`GoBGP's answer has a field of wire type ${wireType}`);
  }
}

function framed(message: readonly number[]): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** One call: sends the messages, and hands each message of the answer to `onAnswer`. */
function call(
  socket: string,
  method: string,
  messages: Iterable<readonly number[]>,
  onAnswer: (message: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = http2.connect('http://localhost', {
      createConnection: () => connect(socket),
      settings: { initialWindowSize: WINDOW },
    });
    client.once('connect', () => client.setLocalWindowSize(WINDOW));
    client.once('error', reject);
    const stream = client.request({
      ':method': 'POST',
      ':path': `/apipb.GobgpApi/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let rest: Buffer = Buffer.alloc(0);
    let status = 'none';
    const onHeaders = (headers: http2.IncomingHttpHeaders) => {
      if (headers['grpc-status'] !== undefined)
        status = `${headers['grpc-status']} ${headers['grpc-message'] ?? ''}`;
    };
    stream.on('response', onHeaders).on('trailers', onHeaders);
    stream.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (rest.length - at >= 5) {
        const end = at + 5 + rest.readUInt32BE(at + 1);
        if (end > rest.length) break;
        onAnswer(rest.subarray(at + 5, end));
        at = end;
      }
      rest = rest.subarray(at);
    });
    stream.once('error', reject);
    stream.once('close', () => {
      client.close();
      if (status.startsWith('0')) resolve();
      else reject(new Error(`gobgp ${method}: status ${status}`));
    });
    for (const message of messages) stream.write(framed(message));
    stream.end();
  });
}

function* pathMessages(
  routes: readonly Announcement[],
  nextHop: (family: Family) => string,
  withdraw: boolean,
): Generator<number[]> {
  for (let start = 0; start < routes.length; start += PATHS_PER_MESSAGE) {
    const message: number[] = [];
    for (const route of routes.slice(start, start + PATHS_PER_MESSAGE)) {
      const family = familyOf(route.prefix);
      const attributes = attributesOf(route, nextHop(family));
      const path = [
        ...(withdraw ? numberField(PATH.isWithdraw, 1) : []),
        ...bytesField(PATH.family, familyMessage(family)),
        ...bytesField(PATH.nlri, nlri(route.prefix)),
        ...attributes.flatMap((attribute) => bytesField(PATH.attributes, attribute)),
      ];
      for (const byte of bytesField(ADD_PATH_STREAM.paths, path)) message.push(byte);
    }
    yield message;
  }
}

/** Adds these to the global table, or takes them out of it. */
export function changeRoutes(
  socket: string,
  routes: readonly Announcement[],
  nextHop: (family: Family) => string,
  withdraw: boolean,
): Promise<void> {
  return call(socket, 'AddPathStream', pathMessages(routes, nextHop, withdraw), () => undefined);
}

function readPath(message: Uint8Array, family: Family): { neighbor: string; route: Route } {
  let neighbor = '';
  const route = emptyRoute('');
  eachField(message, (field, value) => {
    if (field === PATH.neighbor) neighbor = Buffer.from(value).toString();
    else if (field === PATH.nlri) route.prefix = readPrefix(new Reader(value), family);
    else if (field === PATH.attributes) readAttributes(new Reader(value), route);
  });
  return { neighbor, route };
}

/** The routes of the global table that came from this neighbour. */
export async function listRoutes(
  socket: string,
  family: Family,
  neighbor: string,
): Promise<Map<string, Route>> {
  const table = new Map<string, Route>();
  const request = [
    ...bytesField(LIST_PATH.family, familyMessage(family)),
    ...numberField(LIST_PATH.nlriBinary, 1),
    ...numberField(LIST_PATH.attributeBinary, 1),
    ...numberField(LIST_PATH.onlyBinary, 1),
  ];
  const onPath = (message: Uint8Array) => {
    const path = readPath(message, family);
    if (path.neighbor === neighbor) table.set(path.route.prefix, path.route);
  };
  await call(socket, 'ListPath', [request], (answer) =>
    eachField(answer, (field, destination) => {
      if (field !== LIST_PATH_ANSWER.destination) return;
      eachField(destination, (part, path) => {
        if (part === DESTINATION.paths) onPath(path);
      });
    }),
  );
  return table;
}
