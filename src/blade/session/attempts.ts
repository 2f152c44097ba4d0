/** Attempts to come up that fail: which these are, and why in words. */
import { Event, State } from '../../bgp/fsm.ts';

const ATTEMPTS: readonly number[] = [State.Connect, State.Active, State.OpenSent, State.OpenConfirm];
/** What ends an attempt and is no failure of it: somebody wants that, or another connection carries the session. */
const ENDS: readonly number[] = [Event.ManualStop, Event.AutomaticStop, Event.OpenCollisionDump];

/** Did this event end an attempt that had a connection, or sought one? */
export function failsAttempt(event: number, before: number, after: number): boolean {
  if (!ATTEMPTS.includes(before) || ENDS.includes(event)) return false;
  return after === State.Idle || (after === State.Active && before !== State.Active);
}

/** Linux' numbers of errors, as the line card notes them. */
const ERRORS: Readonly<Record<number, string>> = {
  101: 'the network cannot be reached',
  104: 'the connection was reset',
  110: 'no answer',
  111: 'the connection was refused',
  113: 'the host cannot be reached',
};

export function cannotConnect(error: number): string {
  if (error === 0) return 'cannot connect';
  return `cannot connect: ${ERRORS[error] ?? `error ${error}`}`;
}
