/** A prefix with as many paths as there can be, each nearly as long as a message: more than a neighbour's ring has room for. */
import test from 'ava';
import {
  encodeRouteRefresh,
  HEADER_LENGTH,
  MessageType,
  messageType,
  writeHeader,
} from '../../src/bgp/message.ts';
import { startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const AS = 64_870;
const PATHS = 64;
const COMMUNITIES = 930;
const [ONE, OTHER, LISTENER] = ['127.41.0.1', '127.41.0.2', '127.41.0.3'] as const;
const way = (mode: 1 | 2) => ({ addPath: [{ afi: 1, safi: 1, mode }] });

const half = (value: number): number[] => [value >>> 8, value & 255];

/** 10.9.0.0/16 by one path, with communities that are its own. */
function path(as: number, id: number): Uint8Array {
  const own = Array.from({ length: COMMUNITIES }, (_, i) => [...half(as), ...half(id * 1000 + i)]).flat();
  const attributes = [
    ...[0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, ...half(as), 0x40, 3, 4, 192, 0, 2, 1],
    ...[0xd0, 8, ...half(own.length), ...own],
  ];
  const body = [0, 0, ...half(attributes.length), ...attributes, 0, 0, 0, id, 16, 10, 9];
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(bytes, 0, MessageType.Update, bytes.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

test('a refresh repeats all paths of a prefix, however many and long', async (t) => {
  const families = ['ipv4-unicast'];
  const box = await startBox(t, {
    limits: { paths: PATHS },
    neighbors: [
      { address: ONE, as: AS, 'add-path-receive': families },
      { address: OTHER, as: AS + 1, 'add-path-receive': families },
      { address: LISTENER, as: AS + 2, 'add-path-send': families },
    ],
  });
  const up = async (address: string, as: number, mode: 1 | 2): Promise<RawNeighbour> => {
    const neighbour = await RawNeighbour.served(box.port, address, { as, capabilities: way(mode) });
    t.teardown(() => neighbour.close());
    return neighbour;
  };
  const listener = await up(LISTENER, AS + 2, 1);
  for (const [address, as] of [
    [ONE, AS],
    [OTHER, AS + 1],
  ] as const) {
    const teller = await up(address, as, 2);
    for (let id = 1; id <= PATHS; id++) teller.send(path(as, id));
  }
  const updates = (): Buffer[] =>
    listener.messages.filter(
      (message) => messageType(message, 0) === MessageType.Update && message.length > 1000,
    ) as Buffer[];
  /** Path identifiers, each behind the attributes of its message. */
  const ids = (from: number): Set<number> =>
    new Set(
      updates()
        .slice(from)
        .map((message) => message.readUInt32BE(message.length - 7)),
    );
  await until('all paths are told', () => ids(0).size === 2 * PATHS);
  const before = updates().length;
  listener.send(encodeRouteRefresh(1, 1, 0));
  await until('all are told again', () => ids(before).size === 2 * PATHS);
  t.is(updates().length, before + 2 * PATHS, 'each once');
});
