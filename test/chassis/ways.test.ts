import test from 'ava';
import { parseAddress } from '../../src/base/address.ts';
import { waysOf } from '../../src/chassis/kernel-routes.ts';
import { type Way, Ways, wayTo } from '../../src/chassis/ways.ts';
import { UNREACHABLE } from '../../src/fabric/next-hops.ts';

/** Sixteen octets, IPv4 as ::ffff:a.b.c.d. */
function octets(text: string): Uint8Array {
  const bytes = parseAddress(text) as Uint8Array;
  if (bytes.length === 16) return bytes;
  const mapped = new Uint8Array(16);
  mapped.set([255, 255, ...bytes], 10);
  return mapped;
}

const ways = (...list: [string, number][]): Ways =>
  new Ways(list.map(([text, cost]) => wayTo(text, cost) as Way));

test('the longest prefix that holds an address says what it costs, and of equal ones the first', (t) => {
  const known = ways(
    ['10.0.0.0/8', 5],
    ['10.1.0.0/16', 7],
    ['10.1.0.0/16', 9],
    ['2001:db8::/33', 3],
    ['192.0.2.1/32', 0],
  );
  t.is(known.costOf(octets('10.2.3.4')), 5);
  t.is(known.costOf(octets('10.1.3.4')), 7);
  t.is(known.costOf(octets('192.0.2.1')), 0);
  t.is(known.costOf(octets('192.0.2.2')), UNREACHABLE);
  t.is(known.costOf(octets('2001:db8:7fff::1')), 3);
  t.is(known.costOf(octets('2001:db8:8000::1')), UNREACHABLE);
  t.is(
    ways(['0.0.0.0/0', 1]).costOf(octets('::1')),
    UNREACHABLE,
    'a default of one family is none of the other',
  );
});

test('the kernel has defaults, hosts and ways that lead nowhere; what BGP put there does not count', (t) => {
  const routes = [
    { dst: 'default', protocol: 'static', metric: 100 },
    { dst: '10.0.0.0/24', protocol: 'kernel' },
    { dst: '10.0.1.7', protocol: 'ospf', metric: 20 },
    { dst: '10.0.2.0/24', type: 'unreachable', metric: 1 },
    { dst: '10.0.3.0/24', protocol: 'bgp', metric: 1 },
  ];
  const known = new Ways(waysOf(routes, '0.0.0.0/0'));
  t.is(known.costOf(octets('10.0.0.1')), 0);
  t.is(known.costOf(octets('10.0.1.7')), 20);
  t.is(known.costOf(octets('10.0.2.1')), UNREACHABLE);
  t.is(known.costOf(octets('10.0.3.1')), 100);
});
