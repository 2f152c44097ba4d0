/** The words of the finite state machine (fsm.ts): its states, events and actions, and what a row of its table is. */

export const State = {
  Idle: 0,
  Connect: 1,
  Active: 2,
  OpenSent: 3,
  OpenConfirm: 4,
  Established: 5,
  Inactive: 6,
} as const;
export type State = (typeof State)[keyof typeof State];

export const STATE_NAMES: readonly string[] = Object.keys(State);

export function stateName(state: number): string {
  return STATE_NAMES[state] ?? `state ${state}`;
}

/**
 * RFC 4271 8.1, by its numbers. Not here: DelayOpen (12, 20), which graftd does not do; the starts with damping
 * (6, 7), as damping is the IdleHoldTimer's, whose expiry (13) starts again. 29 is of RFC 9687; from 32 on ours.
 */
export const Event = {
  ManualStart: 1,
  ManualStop: 2,
  AutomaticStart: 3,
  ManualStartPassive: 4,
  AutomaticStartPassive: 5,
  AutomaticStop: 8,
  ConnectRetryTimerExpires: 9,
  HoldTimerExpires: 10,
  KeepaliveTimerExpires: 11,
  IdleHoldTimerExpires: 13,
  TcpConnectionValid: 14,
  TcpCrInvalid: 15,
  TcpCrAcked: 16,
  TcpConnectionConfirmed: 17,
  TcpConnectionFails: 18,
  BgpOpen: 19,
  BgpHeaderErr: 21,
  BgpOpenMsgErr: 22,
  OpenCollisionDump: 23,
  NotifMsgVerErr: 24,
  NotifMsg: 25,
  KeepAliveMsg: 26,
  UpdateMsg: 27,
  UpdateMsgErr: 28,
  SendHoldTimerExpires: 29,
  /** A ROUTE-REFRESH (RFC 2918), and one that is malformed (RFC 7313 5). */
  RouteRefreshMsg: 32,
  RouteRefreshMsgErr: 33,
  /** Build the session here, to take it over later. */
  GraftPrepare: 34,
  /** The session is ours now. */
  GraftTakeOver: 35,
  /** The session is another blade's now. */
  GraftRelease: 36,
  /** It stays where it was. */
  GraftAbort: 37,
} as const;
export type Event = (typeof Event)[keyof typeof Event];

export const EVENT_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Event).map(([name, number]) => [number, name]),
);

export type Action =
  /** Have what a session needs; its opposite also forgets all timers but the ConnectRetryTimer and IdleHoldTimer. */
  | 'initializeResources'
  | 'releaseResources'
  | 'zeroConnectRetryCounter'
  | 'incrementConnectRetryCounter'
  /** From its initial value, with jitter, running or not. */
  | 'startConnectRetryTimer'
  | 'stopConnectRetryTimer'
  /** RFC 4271 8.2.2: a large value, 4 minutes are suggested, until the OPENs have been exchanged. */
  | 'startLargeHoldTimer'
  /** To the negotiated value; not at all if that is zero. */
  | 'startHoldTimer'
  /** With jitter; not at all if the negotiated hold time is zero. */
  | 'startKeepaliveTimer'
  /** The wait before the next AutomaticStart, longer after each failure; ends as IdleHoldTimerExpires. */
  | 'startIdleHoldTimer'
  | 'stopIdleHoldTimer'
  | 'connect'
  | 'listen'
  | 'dropConnection'
  | 'rejectConnection'
  /** A second connection has come up; it waits for its OPEN (RFC 4271 6.8). */
  | 'trackConnection'
  | 'sendOpen'
  | 'sendKeepalive'
  /** As `notification` of the transition says. */
  | 'sendNotification'
  | 'processUpdate'
  | 'processRouteRefresh'
  | 'deleteRoutes'
  /** Established: tell the neighbour all that it is to be told. */
  | 'sessionUp'
  /** Build the session from its record; attach it and go on; detach it; forget it. */
  | 'prepareSession'
  | 'attachSession'
  | 'detachSession'
  | 'forgetSession';

/** Properties of a session that choose between rows. */
export const FsmFlag = {
  /** PassiveTcpEstablishment: never dial. */
  Passive: 1,
  /** SendNOTIFICATIONwithoutOPEN (RFC 4271 8.1.1). */
  NotificationWithoutOpen: 2,
} as const;

/** Code and subcode; 'error': those of the error that the event came with. */
export type NotificationChoice = readonly [code: number, subcode: number] | 'error';

export interface Transition {
  readonly next: State;
  readonly actions: readonly Action[];
  /** There where the actions have sendNotification. */
  readonly notification: NotificationChoice | undefined;
}

/** One row: in these states, at these events, if all of `when` are set and none of `unless`. */
export interface TableRow {
  readonly state: State;
  readonly events: readonly Event[];
  readonly when?: number;
  readonly unless?: number;
  readonly next: State;
  readonly actions: readonly Action[];
  readonly notification?: NotificationChoice;
}
