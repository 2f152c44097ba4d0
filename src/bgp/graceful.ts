/** Graceful restart (RFC 4724) with NOTIFICATION support (RFC 8538): which end of a session it is meant for. */
import { Cease, NotificationCode } from './errors.ts';
import { Event } from './fsm-names.ts';

/** Bits of the capability: its four flag bits, and the flags of a family. */
export const GRACEFUL = { restarted: 8, notification: 4, forwarding: 0x80 } as const;

/** lost: the connection went; notified: a NOTIFICATION said so, either way; hard: nothing is to be kept. */
export type EndCause = 'lost' | 'notified' | 'hard';

/** Ends that are meant: RFC 8538 4 has them sent as Hard Resets. */
const FINAL: ReadonlySet<number> = new Set([
  Cease.MaximumPrefixes,
  Cease.AdministrativeShutdown,
  Cease.PeerDeconfigured,
  Cease.OtherConfigurationChange,
  Cease.OutOfResources,
  Cease.HardReset,
]);

export function isFinal(code: number, subcode: number): boolean {
  return code === NotificationCode.Cease && FINAL.has(subcode);
}

/** `sent`: our NOTIFICATION; `received`: the neighbour's. */
export function endCause(
  event: number,
  sent: { readonly code: number; readonly subcode: number } | undefined,
  received: { readonly code: number; readonly subcode: number } | undefined,
): EndCause {
  if (event === Event.TcpConnectionFails) return 'lost';
  if (event === Event.NotifMsg || event === Event.NotifMsgVerErr) {
    const hard = received?.code === NotificationCode.Cease && received.subcode === Cease.HardReset;
    return hard ? 'hard' : 'notified';
  }
  if (sent !== undefined && isFinal(sent.code, sent.subcode)) return 'hard';
  return 'notified';
}

/** RFC 8538 3.1: the code, the subcode and the data that it stands for. */
export function hardReset(code: number, subcode: number, data: Uint8Array | undefined): Uint8Array {
  return Uint8Array.of(code, subcode, ...(data ?? []));
}
