/** IPv4 routes by way of IPv6 (RFC 8950), and prefixes that make no sense: from neighbour to neighbour, octet by octet. */
import test from 'ava';
import { IPV6_FOR_IPV4 } from '../../src/bgp/capabilities.ts';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import { HEADER_LENGTH, MessageType, writeHeader } from '../../src/bgp/message.ts';
import { judge } from '../support/judge.ts';
import { ROUTER_AS, startBox, until } from './support/box.ts';
import { type OpenOptions, RawNeighbour } from './support/raw-neighbour.ts';

const TELLER = '127.1.6.1';
const [INSIDE, INSIDE_OLD, OUTSIDE] = ['127.1.6.2', '127.1.6.3', '127.1.6.4'];
const TELLER_AS = 64501;
const HOP = '2001:db8::7';
const HOP_OCTETS = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
const LINK_LOCAL = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

const both = multiprotocolOf(3);
const knows = { multiprotocol: both, extendedNextHop: IPV6_FOR_IPV4 };

function update(attributes: readonly number[], nlri: readonly number[] = []): Uint8Array {
  const body = [0, 0, attributes.length >>> 8, attributes.length & 255, ...attributes, ...nlri];
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(bytes, 0, MessageType.Update, bytes.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

const ORIGIN = [0x40, 1, 1, 0];
const PATH = [0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf5];
const reach = (afi: number, hop: readonly number[], nlri: readonly number[]): number[] => {
  const value = [0, afi, 1, hop.length, ...hop, 0, ...nlri];
  return [0x80, 14, value.length, ...value];
};

/** All routes that it was told, in words. */
function toldTo(neighbour: RawNeighbour, external: boolean): string[] {
  const options = { fourOctetAs: true, external, families: 3, extendedNextHop: true };
  return neighbour.messages.flatMap((message) =>
    judge(new Uint8Array(message), options).flatMap(({ announced, withdrawn }) => [
      ...announced,
      ...withdrawn.map((prefix) => `not ${prefix}`),
    ]),
  );
}

test('an IPv4 route with an IPv6 next hop goes to who takes it; others get our own next hop, or nothing', async (t) => {
  const more = { families: ['ipv4-unicast', 'ipv6-unicast'], 'extended-next-hop': true };
  const box = await startBox(t, {
    neighbors: [
      { address: TELLER, as: TELLER_AS, ...more },
      { address: INSIDE!, as: ROUTER_AS, ...more },
      { address: INSIDE_OLD!, as: ROUTER_AS, ...more },
      { address: OUTSIDE!, as: 64502, ...more },
    ],
  });
  const up = async (address: string, options: OpenOptions): Promise<RawNeighbour> => {
    const neighbour = await RawNeighbour.served(box.port, address, options);
    t.teardown(() => neighbour.close());
    return neighbour;
  };
  const teller = await up(TELLER, { as: TELLER_AS, capabilities: knows });
  const inside = await up(INSIDE!, { as: ROUTER_AS, id: '192.0.2.2', capabilities: knows });
  const old = await up(INSIDE_OLD!, {
    as: ROUTER_AS,
    id: '192.0.2.3',
    capabilities: { multiprotocol: both },
  });
  const outside = await up(OUTSIDE!, { as: 64502, id: '192.0.2.4', capabilities: { multiprotocol: both } });
  t.true((await box.operator.showSession(TELLER)).agreed?.includes('extended next hops'));

  teller.send(update([...reach(1, HOP_OCTETS, [16, 10, 1]), ...ORIGIN, ...PATH]));
  teller.send(update([...reach(1, [...HOP_OCTETS, ...LINK_LOCAL], [16, 10, 2]), ...ORIGIN, ...PATH]));
  teller.send(update([...ORIGIN, ...PATH, 0x40, 3, 4, 127, 1, 6, 1], [16, 10, 3]));
  await until(
    'all have heard of the last one',
    () =>
      [inside, old].every((each) => toldTo(each, false).some((route) => route.startsWith('10.3'))) &&
      toldTo(outside, true).length === 3,
  );
  t.deepEqual(toldTo(inside, false).sort(), [
    `10.1.0.0/16 via ${HOP}`,
    `10.2.0.0/16 via ${HOP}`,
    `10.3.0.0/16 via ${TELLER}`,
  ]);
  t.deepEqual(toldTo(old, false), [`10.3.0.0/16 via ${TELLER}`]);
  t.deepEqual(toldTo(outside, true).sort(), [
    '10.1.0.0/16 via 127.0.0.1',
    '10.2.0.0/16 via 127.0.0.1',
    '10.3.0.0/16 via 127.0.0.1',
  ]);
  const shown: string[] = [];
  for await (const rows of box.operator.showRoutes({ prefix: '10.1.0.0/16' }))
    shown.push(...rows.map(({ nextHop }) => nextHop));
  t.deepEqual(shown, [HOP]);

  // A graft takes what was agreed along; what comes then is taken as before.
  const { blade } = await box.operator.showSession(TELLER);
  await box.operator.graft(TELLER, 1 - blade!);
  teller.send(update([...reach(1, HOP_OCTETS, [16, 10, 4]), ...ORIGIN, ...PATH]));
  teller.send(update([0x80, 15, 6, 0, 1, 1, 16, 10, 1]));
  await until('the rest is told', () => toldTo(inside, false).length === 5);
  t.deepEqual(toldTo(inside, false).slice(3).sort(), [`10.4.0.0/16 via ${HOP}`, 'not 10.1.0.0/16']);
  t.deepEqual(toldTo(old, false).length, 1);
});

test('who did not agree on IPv6 next hops for IPv4 routes has the session end by one (RFC 7606 7.11)', async (t) => {
  const box = await startBox(t, { neighbors: [{ address: TELLER, as: TELLER_AS }] });
  const teller = await RawNeighbour.served(box.port, TELLER, { as: TELLER_AS, capabilities: knows });
  teller.send(update([...reach(1, HOP_OCTETS, [16, 10, 1]), ...ORIGIN, ...PATH]));
  t.deepEqual((await teller.notification())?.slice(0, 2), [3, 9]);
  teller.close();
});

test('multicast prefixes among unicast routes are ignored, one by one (RFC 4271 6.3)', async (t) => {
  const families = ['ipv4-unicast', 'ipv6-unicast'];
  const box = await startBox(t, {
    neighbors: [
      { address: TELLER, as: TELLER_AS, families },
      { address: OUTSIDE!, as: 64502, families },
    ],
  });
  const teller = await RawNeighbour.served(box.port, TELLER, {
    as: TELLER_AS,
    capabilities: { multiprotocol: both },
  });
  const outside = await RawNeighbour.served(box.port, OUTSIDE!, {
    as: 64502,
    id: '192.0.2.4',
    capabilities: { multiprotocol: both },
  });
  teller.send(update([...ORIGIN, ...PATH, 0x40, 3, 4, 127, 1, 6, 1], [8, 224, 8, 240, 4, 224, 16, 10, 3]));
  teller.send(update([...reach(2, HOP_OCTETS, [8, 0xff, 16, 0xff, 2, 16, 0x20, 1]), ...ORIGIN, ...PATH]));
  await until('the good ones are told', () => toldTo(outside, true).length === 3);
  t.deepEqual(
    toldTo(outside, true)
      .map((route) => route.split(' ')[0])
      .sort(),
    ['10.3.0.0/16', '2001::/16', '240.0.0.0/8'],
  );
  const { messagesReceived, routesReceived } = await box.operator.showSession(TELLER);
  t.is(messagesReceived?.prefixesIgnored, 4);
  t.is(routesReceived, 3);
  teller.close();
  outside.close();
});
