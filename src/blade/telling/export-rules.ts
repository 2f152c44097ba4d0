/** By which rules a session's neighbour is told: what is configured, and what was agreed on. */
import type { Negotiated } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../../fabric/layout.ts';
import type { PolicyBook } from '../../policy/book.ts';
import type { SessionConfiguration } from '../messages.ts';
import { exportPolicy } from '../policies.ts';
import { ownAddress } from '../session/own-address.ts';
import { type ExportRules, NO_RULES } from './exporter.ts';
import { insteadOf } from './instead.ts';

export function exportRulesOf(
  fabric: Fabric,
  policies: PolicyBook,
  configuration: SessionConfiguration,
  negotiated: Negotiated,
): ExportRules {
  const own = ownAddress(fabric, configuration.index, configuration.localId);
  const { extendedNextHop } = negotiated;
  const nextHop6 = configuration.nextHop6 ?? own.ipv6;
  return {
    accept: configuration.exportAccept,
    ...exportPolicy(policies, configuration),
    families: negotiated.families,
    external: negotiated.external,
    fourOctetAs: negotiated.fourOctetAs,
    maxMessage: negotiated.maxMessage,
    localAs: configuration.localAs,
    ...(configuration.behindAs === undefined ? {} : { behindAs: configuration.behindAs }),
    ...(configuration.advertisementInterval === undefined
      ? {}
      : { interval: configuration.advertisementInterval * 1000 }),
    stale: negotiated.longLived ? 'told' : configuration.tellStale ? 'guarded' : 'withheld',
    neighborAs: configuration.as,
    client: (fabric.session(configuration.index, SESSION.flags) & SESSION_FLAG.client) !== 0,
    clusterId: configuration.clusterId ?? configuration.localId,
    rules: configuration.rules ?? NO_RULES,
    ...(configuration.originated === undefined ? {} : { originated: configuration.originated }),
    nextHopSelf: configuration.rules?.routeServerClient
      ? configuration.nextHopSelf
      : negotiated.external || configuration.nextHopSelf,
    ...(negotiated.pathsSent === 0
      ? {}
      : { paths: { families: negotiated.pathsSent, most: configuration.mostPathsSent ?? 0 } }),
    ...insteadOf(configuration, negotiated.external),
    nextHop4: configuration.nextHop4 ?? (extendedNextHop && own.overIpv6 ? nextHop6 : own.ipv4),
    nextHop6,
    extendedNextHop,
  };
}
