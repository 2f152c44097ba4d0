/** The OPEN that a neighbour is sent: what its configuration offers (RFC 4271 4.2, RFC 5492). */
import { type GracefulRestart, IPV6_FOR_IPV4 } from '../../bgp/capabilities.ts';
import { multiprotocolOf } from '../../bgp/families.ts';
import { GRACEFUL } from '../../bgp/graceful.ts';
import { as2For, BGP_VERSION, noCapabilities, type Open } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { type Capability, EXTENDED_RING, type SessionConfiguration } from '../messages.ts';
import { addPathOf } from './lanes.ts';
import { ourRole } from './role.ts';

export function ourOpen(fabric: Fabric, configuration: SessionConfiguration): Open {
  const offers = (capability: Capability): boolean =>
    configuration.withoutCapabilities?.includes(capability) !== true;
  return {
    version: BGP_VERSION,
    as: configuration.localAs,
    as2: as2For(configuration.localAs),
    holdTime: configuration.holdTime,
    bgpId: configuration.localId,
    capabilities: {
      ...noCapabilities(),
      multiprotocol: offers('multiprotocol') ? multiprotocolOf(configuration.families) : [],
      routeRefresh: offers('route-refresh'),
      // RFC 7313 3.1: who knows the one form has to know the other.
      enhancedRefresh: offers('route-refresh') && offers('enhanced-route-refresh'),
      fourOctetAs: offers('four-octet-as') ? configuration.localAs : undefined,
      extendedMessage: offersExtendedMessages(fabric, configuration),
      extendedNextHop: configuration.extendedNextHop === true ? IPV6_FOR_IPV4 : [],
      gracefulRestart: ourGracefulRestart(fabric, configuration),
      role: ourRole(configuration),
      // RFC 9494 3.1: as a helper we name no family.
      longLived: longest(configuration) > 0 ? [] : undefined,
      addPath: addPathOf(fabric, configuration),
    },
  };
}

/** Seconds for which the neighbour's routes are kept after its restart time; 0: RFC 9494 is off. */
export function longest({ gracefulRestart = 'off', longLivedStaleTime = 0 }: SessionConfiguration): number {
  return gracefulRestart === 'off' ? 0 : longLivedStaleTime;
}

/** RFC 8654. A message of that length has to fit into the rings, beside what the line card reads next. */
function offersExtendedMessages({ connections }: Fabric, configuration: SessionConfiguration): boolean {
  const room = Math.min(connections.receiveBytes, connections.transmitBytes) >= EXTENDED_RING;
  return configuration.extendedMessages === true && room;
}

/** RFC 4724 3: as a helper we name no family; where forwarding goes on without us, all that we speak. */
function ourGracefulRestart(
  { holdingBack }: Fabric,
  configuration: SessionConfiguration,
): GracefulRestart | undefined {
  const { gracefulRestart = 'off', restartTime = 0, families } = configuration;
  if (gracefulRestart === 'off') return undefined;
  if (gracefulRestart === 'helper') return { flags: GRACEFUL.notification, restartTime: 0, families: [] };
  const kept = multiprotocolOf(families).map((each) => ({ ...each, flags: GRACEFUL.forwarding }));
  const restarted = holdingBack ? GRACEFUL.restarted : 0;
  return { flags: GRACEFUL.notification | restarted, restartTime, families: kept };
}
