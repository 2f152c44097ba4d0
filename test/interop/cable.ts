/** Virtual cables between network namespaces, for what needs two ends of a link. */
import { spawnSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { type Network, namespaceNetwork } from './network.ts';

/** A namespace for the time of a test; undefined where the machine has none. */
export async function namespace(t: ExecutionContext): Promise<Network | undefined> {
  const network = await namespaceNetwork();
  if (network !== undefined) t.teardown(() => network.close());
  return network;
}

/** The network, with these addresses of IPv6. */
export function endpointAt(network: Network, addressOf: (host: number) => string): Network {
  return {
    ...network,
    endpoint: (host, transport) => ({
      ...network.endpoint(host, transport),
      ...(transport === 6 ? { address: addressOf(host) } : {}),
    }),
  };
}

/** One end of a cable: an interface with its addresses of IPv6, 64 bits each for the link, and no others. */
export interface End {
  readonly name: string;
  readonly addresses: readonly string[];
}

const run = (network: Network, ...command: string[]): boolean => {
  const [program, ...args] = [...network.prefix, ...command];
  return spawnSync(program as string, args).status === 0;
};

/** False where the machine has no such links. */
export function connect(here: Network, there: Network, [near, far]: readonly [End, End]): boolean {
  const pid = there.prefix[there.prefix.indexOf('-t') + 1] as string;
  const up = (network: Network, { name, addresses }: End): boolean =>
    run(network, 'ip', 'link', 'set', name, 'addrgenmode', 'none', 'up') &&
    addresses.every((address) => run(network, 'ip', 'addr', 'add', `${address}/64`, 'dev', name, 'nodad'));
  const veth = ['link', 'add', near.name, 'type', 'veth', 'peer', 'name', far.name, 'netns', pid];
  return run(here, 'ip', ...veth) && up(here, near) && up(there, far);
}
