/** A family of which something cannot be read is disabled, where the operator has it so, and the other one goes on (RFC 4760 7). */
import test from 'ava';
import { type Family, familyBits, multiprotocolOf } from '../../src/bgp/families.ts';
import { HEADER_LENGTH, MessageType, writeHeader } from '../../src/bgp/message.ts';
import { startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const A = '127.1.10.1';
const AS = 64501;
const W = { address: '127.1.10.2', as: 64502 };
const families: Family[] = ['ipv4-unicast', 'ipv6-unicast'];
const capabilities = { multiprotocol: multiprotocolOf(familyBits(['ipv4-unicast', 'ipv6-unicast'])) };

function update(attributes: readonly number[], nlri: readonly number[] = []): Uint8Array {
  const body = [0, 0, attributes.length >>> 8, attributes.length & 255, ...attributes, ...nlri];
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(bytes, 0, MessageType.Update, bytes.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

const PATH = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf5];
const NEXT_HOP = [0x40, 3, 4, 127, 1, 10, 1];
const NEXT_HOP6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const ipv4 = (...nlri: number[]): Uint8Array => update([...PATH, ...NEXT_HOP], nlri);
const reach = (...nlri: number[]): number[] => [
  0x80,
  14,
  21 + nlri.length,
  0,
  2,
  1,
  16,
  ...NEXT_HOP6,
  0,
  ...nlri,
];
const ipv6 = (...nlri: number[]): Uint8Array => update([...reach(...nlri), ...PATH]);
const PREFIX6 = [32, 0x20, 1, 0xd, 0xb8];
const OTHER6 = [48, 0x20, 1, 0xd, 0xb8, 0, 1];
const UNREADABLE = [...PREFIX6, 129, 1, 2, 3];

test('a family that cannot be read is disabled, and the session goes on', async (t) => {
  const box = await startBox(t, {
    neighbors: [
      { address: A, as: AS, families, 'disable-malformed-families': true },
      { ...W, families, 'next-hop-ipv6': '2001:db8::ffff' },
    ],
  });
  const witness = await box.speaker(W.address, W.as, { families });
  await witness.up();
  const neighbour = await RawNeighbour.served(box.port, A, { as: AS, capabilities });
  const told = (v4: number, v6: number) => () => {
    const { routes4, routes6 } = witness.stats();
    return routes4 === v4 && routes6 === v6;
  };
  neighbour.send(ipv4(8, 10, 8, 11), ipv6(...PREFIX6, ...OTHER6));
  await until('all four are told', told(2, 2));
  const show = () => box.operator.showSession(A);
  t.is((await show()).disabledFamilies, undefined);

  // What is read together with it counts.
  neighbour.send(ipv4(8, 12), ipv6(...UNREADABLE), ipv4(8, 13), ipv6(...OTHER6));
  await until('IPv6 has gone, IPv4 goes on', told(4, 0));
  t.like(await show(), {
    state: 'Established',
    families,
    disabledFamilies: ['ipv6-unicast'],
    routesReceived: 4,
  });
  t.regex(
    (await show()).lastError ?? '',
    /MP_REACH_NLRI: NLRI does not parse; the address family is disabled/,
  );

  const { index } = box.entry(A);
  await box.operator.graft(A, 1 - box.chassis.fabric.homeOf(index));
  neighbour.send(ipv6(...PREFIX6), update([0x80, 15, 8, 0, 2, 1, ...UNREADABLE.slice(5), 0]), ipv4(8, 14));
  await until('it is not heard on another blade either', told(5, 0));
  t.deepEqual((await show()).disabledFamilies, ['ipv6-unicast']);

  // The next session has both again.
  neighbour.close();
  await until('it is down', async () => (await show()).state !== 'Established');
  await until('all has gone', told(0, 0));
  const next = await RawNeighbour.served(box.port, A, { as: AS, capabilities });
  next.send(ipv6(...PREFIX6));
  await until('IPv6 is heard again', told(0, 1));
  t.is((await show()).disabledFamilies, undefined);
  // IPv4 the other way round, in an UPDATE that withdraws.
  next.send(ipv4(8, 10));
  await until('IPv4, too', told(1, 1));
  next.send(update([0x80, 15, 5, 0, 1, 1, 33, 1]));
  await until('IPv4 is disabled', told(0, 1));
  t.deepEqual((await show()).disabledFamilies, ['ipv4-unicast']);
  // What says nothing of a family that can be disabled resets the session.
  next.send(update([0x80, 14, 3, 0, 2, 1, ...PATH]));
  t.deepEqual((await next.notification())?.slice(0, 2), [3, 5]);
  next.close();
  t.like(witness.stats(), { duplicates: 0, unknownWithdraws: 0, notifications: 0 });
});
