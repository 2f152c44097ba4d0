import { BlockList, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/**
 * RFC 2545 3: the link-local address of this end, where both ends of a connection are on one link; undefined where they are not,
 * or the link has none. The kernel's answer of the moment: it is asked once a connection.
 */
export function linkLocalAddress(
  local: string | undefined,
  remote: string | undefined,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string | undefined {
  if (local === undefined || remote === undefined || !isIPv6(local) || !isIPv6(remote)) return undefined;
  for (const addresses of Object.values(interfaces)) {
    if (!addresses?.some((each) => each.address === local && isWithin(remote, each))) continue;
    return addresses.find(({ family, address }) => family === 'IPv6' && /^fe[89ab]/.test(address))?.address;
  }
  return undefined;
}

function isWithin(remote: string, { address, cidr }: NetworkInterfaceInfo): boolean {
  const length = Number(cidr?.split('/')[1] ?? 128);
  const subnet = new BlockList();
  subnet.addSubnet(address, length, 'ipv6');
  return subnet.check(remote, 'ipv6');
}
