import { BlockList, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isLinkLocal, zoneOf } from '../base/address.ts';

/**
 * RFC 2545 3: where both ends of a connection are on one link, the address of this end that goes with the connection's own one: the
 * link-local address, or a global one where the connection is between link-local addresses. Undefined where they are not, or the
 * link has none, or the kernel does not say, having no descriptor left for the question. Its answer of the moment: it is asked once a
 * connection.
 */
export function otherAddress(
  local: string | undefined,
  remote: string | undefined,
  ask: () => NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces,
): string | undefined {
  if (local === undefined || remote === undefined || !isIPv6(local) || !isIPv6(remote)) return undefined;
  const interfaces = answerOf(ask);
  const zone = zoneOf(local);
  if (zone !== undefined) return ipv6Of(interfaces[zone]).find((address) => !isLinkLocal(address));
  for (const addresses of Object.values(interfaces)) {
    if (!addresses?.some((each) => each.address === local && isWithin(remote, each))) continue;
    return ipv6Of(addresses).find(isLinkLocal);
  }
  return undefined;
}

function answerOf(ask: () => NodeJS.Dict<NetworkInterfaceInfo[]>): NodeJS.Dict<NetworkInterfaceInfo[]> {
  try {
    return ask();
  } catch {
    return {};
  }
}

function ipv6Of(addresses: readonly NetworkInterfaceInfo[] = []): string[] {
  return addresses.filter(({ family }) => family === 'IPv6').map(({ address }) => address);
}

function isWithin(remote: string, { address, cidr }: NetworkInterfaceInfo): boolean {
  const length = Number(cidr?.split('/')[1] ?? 128);
  const subnet = new BlockList();
  subnet.addSubnet(address, length, 'ipv6');
  return subnet.check(remote, 'ipv6');
}
