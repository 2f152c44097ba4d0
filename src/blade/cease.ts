/** How the chassis and its operator end sessions: a NOTIFICATION for each reason, and what people read of it. */
import { Cease, NotificationCode } from '../bgp/errors.ts';
import type { Fault } from './track.ts';

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

/** RFC 9003: one octet of length, then UTF-8. */
export function shutdownFault(why: string): Fault {
  const text = new TextEncoder().encode(why).subarray(0, 255);
  const data = text.length === 0 ? new Uint8Array(0) : Uint8Array.of(text.length, ...text);
  return { ...cease(Cease.AdministrativeShutdown, why === '' ? 'shut down by the operator' : why), data };
}
