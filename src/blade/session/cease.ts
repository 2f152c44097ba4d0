/** How the chassis and its operator end sessions: a NOTIFICATION for each reason, and what people read of it. */
import { encodeCommunication } from '../../bgp/communication.ts';
import { Cease, NotificationCode } from '../../bgp/errors.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { fullTable } from '../../fabric/room.ts';
import type { Fault } from './track-owner.ts';

function cease(subcode: number, why: string): Fault {
  return { code: NotificationCode.Cease, subcode, why };
}

export const CLEARED = cease(Cease.AdministrativeReset, 'cleared by the operator');
export const RECONFIGURED = cease(Cease.OtherConfigurationChange, 'configured otherwise');
export const DECONFIGURED = cease(Cease.PeerDeconfigured, 'configured no longer');
export const STOPPED: Fault = {
  ...cease(Cease.AdministrativeShutdown, 'the chassis is stopped'),
  returning: true,
};

/** RFC 4486 4: it asks for more than there is. */
export function outOfResources({ box }: Fabric): Fault {
  return cease(Cease.OutOfResources, `asks for more than there is: ${fullTable(box)}`);
}

/** RFC 9003 */
export function shutdownFault(why: string): Fault {
  const data = encodeCommunication(why);
  return { ...cease(Cease.AdministrativeShutdown, why === '' ? 'shut down by the operator' : why), data };
}
