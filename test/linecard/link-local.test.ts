/** Which other address goes with a connection's own (RFC 2545 3). */
import type { NetworkInterfaceInfo } from 'node:os';
import test from 'ava';
import { otherAddress } from '../../src/linecard/link-local.ts';

const at = (address: string, length: number): NetworkInterfaceInfo => {
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  const common = { address, netmask: '', mac: '', internal: false, cidr: `${address}/${length}` };
  return (
    family === 'IPv6' ? { ...common, family, scopeid: 0 } : { ...common, family }
  ) as NetworkInterfaceInfo;
};
const INTERFACES = {
  lo: [at('127.0.0.1', 8), at('::1', 128)],
  eth0: [at('192.0.2.1', 24), at('2001:db8::1', 64), at('fe80::a', 64)],
  eth1: [at('fe80::b', 64), at('2001:db8:1::1', 127), at('2001:db8:2::1', 128)],
  eth2: [at('2001:db8:3::1', 64)],
  eth3: [at('192.0.2.2', 24), at('fe80::a', 64)],
};

test('it is that of the link that both ends are on', (t) => {
  const found = (local: string, remote: string) => otherAddress(local, remote, () => INTERFACES);
  t.is(found('2001:db8::1', '2001:db8::2'), 'fe80::a');
  t.is(found('2001:db8:1::1', '2001:db8:1::'), 'fe80::b');
  t.is(found('2001:db8::1', '2001:db8:1::2'), undefined, 'elsewhere');
  t.is(found('2001:db8:1::1', '2001:db8:1::2'), undefined, 'just beside the subnet');
  t.is(found('2001:db8:2::1', '2001:db8:2::2'), undefined, 'an address without a subnet');
  t.is(found('2001:db8:3::1', '2001:db8:3::2'), undefined, 'a link without one');
  t.is(found('192.0.2.1', '192.0.2.2'), undefined, 'over IPv4');
  t.is(found('::1', '::1'), undefined);
  t.is(found('fe80::a%eth0', 'fe80::b%eth0'), '2001:db8::1', 'a global one, beside a link-local one');
  t.is(found('fe80::a%eth3', 'fe80::b%eth3'), undefined, 'a link without a global one');
});

test('a kernel that has no descriptor left for the question does not end the line card', (t) => {
  const full = (): never => {
    throw new Error('uv_interface_addresses returned Unknown system error 24');
  };
  t.is(otherAddress('2001:db8::1', '2001:db8::2', full), undefined);
  t.is(otherAddress('192.0.2.1', '192.0.2.2', full), undefined);
});
