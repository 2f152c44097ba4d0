/** What the chassis would send a blade of a neighbour without anything special. */
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import type { SessionConfiguration } from '../../src/blade/messages.ts';

export function plainSession(index: number, more: Partial<SessionConfiguration> = {}): SessionConfiguration {
  return {
    index,
    address: `127.0.0.${1 + index}`,
    addressWords: [0, 0, 0xffff, 0x7f000001 + index],
    as: 65_001 + index,
    passive: true,
    families: FAMILY_IPV4,
    importAccept: true,
    exportAccept: true,
    holdTime: 0,
    connectRetryTime: 120,
    nextHopSelf: false,
    localAs: 65_000,
    localId: 1,
    ...more,
  } as SessionConfiguration;
}
