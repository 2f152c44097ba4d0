/**
 * RFC 4271 8.2.2, state by state. A row is a paragraph of the RFC; where it differs, a comment says so and why.
 *
 * Everywhere "[optionally] performs peer oscillation damping" is the start of the IdleHoldTimer, and so is every
 * other way into Idle that nobody asked for: what ends it is a new start, and no session stays down for good.
 */
import { Cease, FsmError, NotificationCode } from './errors.ts';
import { type Action, Event, FsmFlag, type NotificationChoice, State, type TableRow } from './fsm-names.ts';

const { Idle, Connect, Active, OpenSent, OpenConfirm, Established, Inactive } = State;
const E = Event;

const CEASE_SHUTDOWN: NotificationChoice = [NotificationCode.Cease, Cease.AdministrativeShutdown];
const CEASE_COLLISION: NotificationChoice = [NotificationCode.Cease, Cease.ConnectionCollisionResolution];
const HOLD_TIMER_EXPIRED: NotificationChoice = [NotificationCode.HoldTimerExpired, 0];
const SEND_HOLD_TIMER_EXPIRED: NotificationChoice = [NotificationCode.SendHoldTimerExpired, 0];
const FSM_OPEN_SENT: NotificationChoice = [
  NotificationCode.FiniteStateMachine,
  FsmError.UnexpectedInOpenSent,
];
const FSM_OPEN_CONFIRM: NotificationChoice = [
  NotificationCode.FiniteStateMachine,
  FsmError.UnexpectedInOpenConfirm,
];
const FSM_ESTABLISHED: NotificationChoice = [
  NotificationCode.FiniteStateMachine,
  FsmError.UnexpectedInEstablished,
];

const STARTS = [E.ManualStart, E.AutomaticStart, E.ManualStartPassive, E.AutomaticStartPassive] as const;
const DIALLING_STARTS = [E.ManualStart, E.AutomaticStart, E.IdleHoldTimerExpires] as const;
const PASSIVE_STARTS = [E.ManualStartPassive, E.AutomaticStartPassive] as const;
const CONNECTED = [E.TcpCrAcked, E.TcpConnectionConfirmed] as const;
const SECOND_CONNECTION = [E.TcpConnectionValid, E.TcpCrAcked, E.TcpConnectionConfirmed] as const;
const REFRESH = [E.RouteRefreshMsg, E.RouteRefreshMsgErr] as const;
const GRAFT = [E.GraftPrepare, E.GraftTakeOver, E.GraftRelease, E.GraftAbort] as const;

/** "initializes all BGP resources, sets ConnectRetryCounter to zero, starts the ConnectRetryTimer" */
const START: readonly Action[] = [
  'stopIdleHoldTimer',
  'initializeResources',
  'zeroConnectRetryCounter',
  'startConnectRetryTimer',
];

/** "sets ConnectRetryTimer to zero, sends an OPEN, sets the HoldTimer to a large value" */
const SEND_OPEN: readonly Action[] = ['stopConnectRetryTimer', 'sendOpen', 'startLargeHoldTimer'];

/** Somebody stopped the session: nothing is counted, and nothing starts it again. */
const STOP: readonly Action[] = [
  'stopConnectRetryTimer',
  'releaseResources',
  'dropConnection',
  'zeroConnectRetryCounter',
];

/** It failed. */
const FAIL: readonly Action[] = [
  'stopConnectRetryTimer',
  'releaseResources',
  'dropConnection',
  'incrementConnectRetryCounter',
  'startIdleHoldTimer',
];

/** It ended without that being a failure of ours to count. */
const END: readonly Action[] = [
  'stopConnectRetryTimer',
  'releaseResources',
  'dropConnection',
  'startIdleHoldTimer',
];

const NOTIFY_STOP: readonly Action[] = ['sendNotification', ...STOP];
const NOTIFY_FAIL: readonly Action[] = ['sendNotification', ...FAIL];
/** In Established the routes go, before the resources. */
const DOWN: readonly Action[] = ['deleteRoutes', ...FAIL];
const NOTIFY_DOWN: readonly Action[] = ['sendNotification', ...DOWN];
const NOTIFY_DOWN_STOP: readonly Action[] = ['sendNotification', 'deleteRoutes', ...STOP];

// biome-ignore format: one line per rule
const IDLE: readonly TableRow[] = [
  { state: Idle, events: DIALLING_STARTS, unless: FsmFlag.Passive, next: Connect, actions: [...START, 'connect', 'listen'] },
  { state: Idle, events: DIALLING_STARTS, when: FsmFlag.Passive, next: Active, actions: [...START, 'listen'] },
  { state: Idle, events: PASSIVE_STARTS, next: Active, actions: [...START, 'listen'] },
  { state: Idle, events: [E.ManualStop, E.AutomaticStop], next: Idle, actions: ['stopIdleHoldTimer'] },
  { state: Idle, events: [E.ConnectRetryTimerExpires, E.HoldTimerExpires, E.KeepaliveTimerExpires], next: Idle, actions: [] },
  { state: Idle, events: [...SECOND_CONNECTION, E.TcpCrInvalid], next: Idle, actions: ['rejectConnection'] },
  { state: Idle, events: [E.TcpConnectionFails, E.BgpOpen, E.BgpHeaderErr, E.BgpOpenMsgErr, E.OpenCollisionDump], next: Idle, actions: [] },
  { state: Idle, events: [E.NotifMsgVerErr, E.NotifMsg, E.KeepAliveMsg, E.UpdateMsg, E.UpdateMsgErr], next: Idle, actions: [] },
  { state: Idle, events: [E.SendHoldTimerExpires, ...REFRESH], next: Idle, actions: [] },
  { state: Idle, events: [E.GraftPrepare], next: Inactive, actions: ['stopIdleHoldTimer', 'prepareSession'] },
  { state: Idle, events: [E.GraftTakeOver, E.GraftRelease, E.GraftAbort], next: Idle, actions: [] },
];

/** What both states without an OPEN take as "any other event". */
const UNEXPECTED_BEFORE_OPEN = [
  E.AutomaticStop,
  E.HoldTimerExpires,
  E.KeepaliveTimerExpires,
  E.IdleHoldTimerExpires,
  E.BgpOpen,
  E.OpenCollisionDump,
  E.NotifMsg,
  E.KeepAliveMsg,
  E.UpdateMsg,
  E.UpdateMsgErr,
  E.SendHoldTimerExpires,
  ...REFRESH,
] as const;

// biome-ignore format: one line per rule
const CONNECT: readonly TableRow[] = [
  { state: Connect, events: [...STARTS, ...GRAFT], next: Connect, actions: [] },
  { state: Connect, events: [E.ManualStop], next: Idle, actions: STOP },
  { state: Connect, events: [E.ConnectRetryTimerExpires], next: Connect, actions: ['dropConnection', 'startConnectRetryTimer', 'connect', 'listen'] },
  { state: Connect, events: [E.TcpConnectionValid], next: Connect, actions: [] },
  { state: Connect, events: [E.TcpCrInvalid], next: Connect, actions: ['rejectConnection'] },
  { state: Connect, events: CONNECTED, next: OpenSent, actions: SEND_OPEN },
  // The RFC goes to Idle unless DelayOpen runs. In Idle the neighbour's own attempt would be refused, and where
  // both are started at once that is the one that succeeds; so this is the answer that it has for DelayOpen.
  { state: Connect, events: [E.TcpConnectionFails], next: Active, actions: ['dropConnection', 'startConnectRetryTimer', 'listen'] },
  { state: Connect, events: [E.BgpHeaderErr, E.BgpOpenMsgErr], when: FsmFlag.NotificationWithoutOpen, next: Idle, actions: NOTIFY_FAIL, notification: 'error' },
  { state: Connect, events: [E.BgpHeaderErr, E.BgpOpenMsgErr], unless: FsmFlag.NotificationWithoutOpen, next: Idle, actions: FAIL },
  { state: Connect, events: [E.NotifMsgVerErr], next: Idle, actions: FAIL },
  { state: Connect, events: UNEXPECTED_BEFORE_OPEN, next: Idle, actions: FAIL },
];

// biome-ignore format: one line per rule
const ACTIVE: readonly TableRow[] = [
  { state: Active, events: [...STARTS, ...GRAFT], next: Active, actions: [] },
  { state: Active, events: [E.ManualStop], next: Idle, actions: STOP },
  { state: Active, events: [E.ConnectRetryTimerExpires], unless: FsmFlag.Passive, next: Connect, actions: ['startConnectRetryTimer', 'connect', 'listen'] },
  // PassiveTcpEstablishment: we go on waiting.
  { state: Active, events: [E.ConnectRetryTimerExpires], when: FsmFlag.Passive, next: Active, actions: ['startConnectRetryTimer', 'listen'] },
  { state: Active, events: [E.TcpConnectionValid], next: Active, actions: [] },
  { state: Active, events: [E.TcpCrInvalid], next: Active, actions: ['rejectConnection'] },
  { state: Active, events: CONNECTED, next: OpenSent, actions: SEND_OPEN },
  { state: Active, events: [E.TcpConnectionFails], next: Idle, actions: FAIL },
  { state: Active, events: [E.BgpHeaderErr, E.BgpOpenMsgErr], when: FsmFlag.NotificationWithoutOpen, next: Idle, actions: NOTIFY_FAIL, notification: 'error' },
  { state: Active, events: [E.BgpHeaderErr, E.BgpOpenMsgErr], unless: FsmFlag.NotificationWithoutOpen, next: Idle, actions: FAIL },
  { state: Active, events: [E.NotifMsgVerErr], next: Idle, actions: FAIL },
  { state: Active, events: UNEXPECTED_BEFORE_OPEN, next: Idle, actions: FAIL },
];

// biome-ignore format: one line per rule
const OPEN_SENT: readonly TableRow[] = [
  { state: OpenSent, events: [...STARTS, ...GRAFT], next: OpenSent, actions: [] },
  { state: OpenSent, events: [E.ManualStop], next: Idle, actions: NOTIFY_STOP, notification: CEASE_SHUTDOWN },
  { state: OpenSent, events: [E.AutomaticStop], next: Idle, actions: NOTIFY_FAIL, notification: 'error' },
  { state: OpenSent, events: [E.HoldTimerExpires], next: Idle, actions: NOTIFY_FAIL, notification: HOLD_TIMER_EXPIRED },
  { state: OpenSent, events: SECOND_CONNECTION, next: OpenSent, actions: ['trackConnection'] },
  { state: OpenSent, events: [E.TcpCrInvalid], next: OpenSent, actions: ['rejectConnection'] },
  { state: OpenSent, events: [E.TcpConnectionFails], next: Active, actions: ['dropConnection', 'startConnectRetryTimer', 'listen'] },
  { state: OpenSent, events: [E.BgpOpen], next: OpenConfirm, actions: ['stopConnectRetryTimer', 'sendKeepalive', 'startKeepaliveTimer', 'startHoldTimer'] },
  { state: OpenSent, events: [E.BgpHeaderErr, E.BgpOpenMsgErr], next: Idle, actions: NOTIFY_FAIL, notification: 'error' },
  { state: OpenSent, events: [E.OpenCollisionDump], next: Idle, actions: NOTIFY_FAIL, notification: CEASE_COLLISION },
  { state: OpenSent, events: [E.NotifMsgVerErr], next: Idle, actions: END },
  // The RFC counts this among the unexpected and answers it, against its own 6 (a NOTIFICATION is never answered).
  { state: OpenSent, events: [E.NotifMsg], next: Idle, actions: FAIL },
  { state: OpenSent, events: [E.ConnectRetryTimerExpires, E.KeepaliveTimerExpires, E.IdleHoldTimerExpires], next: Idle, actions: NOTIFY_FAIL, notification: FSM_OPEN_SENT },
  { state: OpenSent, events: [E.KeepAliveMsg, E.UpdateMsg, E.UpdateMsgErr, E.SendHoldTimerExpires, ...REFRESH], next: Idle, actions: NOTIFY_FAIL, notification: FSM_OPEN_SENT },
];

// biome-ignore format: one line per rule
const OPEN_CONFIRM: readonly TableRow[] = [
  { state: OpenConfirm, events: [...STARTS, ...GRAFT], next: OpenConfirm, actions: [] },
  { state: OpenConfirm, events: [E.ManualStop], next: Idle, actions: NOTIFY_STOP, notification: CEASE_SHUTDOWN },
  { state: OpenConfirm, events: [E.AutomaticStop], next: Idle, actions: NOTIFY_FAIL, notification: 'error' },
  { state: OpenConfirm, events: [E.HoldTimerExpires], next: Idle, actions: NOTIFY_FAIL, notification: HOLD_TIMER_EXPIRED },
  { state: OpenConfirm, events: [E.KeepaliveTimerExpires], next: OpenConfirm, actions: ['sendKeepalive', 'startKeepaliveTimer'] },
  { state: OpenConfirm, events: SECOND_CONNECTION, next: OpenConfirm, actions: ['trackConnection'] },
  { state: OpenConfirm, events: [E.TcpCrInvalid], next: OpenConfirm, actions: ['rejectConnection'] },
  { state: OpenConfirm, events: [E.TcpConnectionFails, E.NotifMsg], next: Idle, actions: FAIL },
  { state: OpenConfirm, events: [E.NotifMsgVerErr], next: Idle, actions: END },
  { state: OpenConfirm, events: [E.BgpHeaderErr, E.BgpOpenMsgErr], next: Idle, actions: NOTIFY_FAIL, notification: 'error' },
  { state: OpenConfirm, events: [E.OpenCollisionDump], next: Idle, actions: NOTIFY_FAIL, notification: CEASE_COLLISION },
  { state: OpenConfirm, events: [E.KeepAliveMsg], next: Established, actions: ['startHoldTimer', 'sessionUp'] },
  // RFC 9687 3
  { state: OpenConfirm, events: [E.SendHoldTimerExpires], next: Idle, actions: NOTIFY_FAIL, notification: SEND_HOLD_TIMER_EXPIRED },
  // In the RFC an OPEN here is another connection's; a machine of ours sees its own connection's messages only,
  // and a second OPEN on it is unexpected. Collision is found when that other machine gets it, in OpenSent.
  { state: OpenConfirm, events: [E.BgpOpen, E.ConnectRetryTimerExpires, E.IdleHoldTimerExpires], next: Idle, actions: NOTIFY_FAIL, notification: FSM_OPEN_CONFIRM },
  { state: OpenConfirm, events: [E.UpdateMsg, E.UpdateMsgErr, ...REFRESH], next: Idle, actions: NOTIFY_FAIL, notification: FSM_OPEN_CONFIRM },
];

// biome-ignore format: one line per rule
const ESTABLISHED: readonly TableRow[] = [
  { state: Established, events: [...STARTS, E.GraftPrepare, E.GraftTakeOver, E.GraftAbort], next: Established, actions: [] },
  { state: Established, events: [E.ManualStop], next: Idle, actions: NOTIFY_DOWN_STOP, notification: CEASE_SHUTDOWN },
  { state: Established, events: [E.AutomaticStop], next: Idle, actions: NOTIFY_DOWN, notification: 'error' },
  { state: Established, events: [E.HoldTimerExpires], next: Idle, actions: NOTIFY_DOWN, notification: HOLD_TIMER_EXPIRED },
  { state: Established, events: [E.KeepaliveTimerExpires], next: Established, actions: ['sendKeepalive', 'startKeepaliveTimer'] },
  { state: Established, events: SECOND_CONNECTION, next: Established, actions: ['trackConnection'] },
  { state: Established, events: [E.TcpCrInvalid], next: Established, actions: ['rejectConnection'] },
  { state: Established, events: [E.TcpConnectionFails, E.NotifMsgVerErr, E.NotifMsg], next: Idle, actions: DOWN },
  { state: Established, events: [E.OpenCollisionDump], next: Idle, actions: NOTIFY_DOWN, notification: CEASE_COLLISION },
  { state: Established, events: [E.KeepAliveMsg], next: Established, actions: ['startHoldTimer'] },
  { state: Established, events: [E.UpdateMsg], next: Established, actions: ['processUpdate', 'startHoldTimer'] },
  { state: Established, events: [E.UpdateMsgErr], next: Idle, actions: NOTIFY_DOWN, notification: 'error' },
  { state: Established, events: [E.SendHoldTimerExpires], next: Idle, actions: NOTIFY_DOWN, notification: SEND_HOLD_TIMER_EXPIRED },
  { state: Established, events: [E.RouteRefreshMsg], next: Established, actions: ['processRouteRefresh'] },
  { state: Established, events: [E.RouteRefreshMsgErr], next: Idle, actions: NOTIFY_DOWN, notification: 'error' },
  // The RFC has an FSM error here, against its own 6.1, which says what a header error is answered with.
  { state: Established, events: [E.BgpHeaderErr], next: Idle, actions: NOTIFY_DOWN, notification: 'error' },
  // A second OPEN on this connection: as in OpenConfirm.
  { state: Established, events: [E.BgpOpen, E.BgpOpenMsgErr], next: Idle, actions: NOTIFY_DOWN, notification: FSM_ESTABLISHED },
  { state: Established, events: [E.ConnectRetryTimerExpires, E.IdleHoldTimerExpires], next: Idle, actions: NOTIFY_DOWN, notification: FSM_ESTABLISHED },
  { state: Established, events: [E.GraftRelease], next: Idle, actions: ['detachSession'] },
];

/** The session lives elsewhere: nothing that happens to it is for us to answer. */
const IGNORED_WHILE_INACTIVE = Object.values(Event).filter(
  (event) => event !== E.GraftTakeOver && event !== E.GraftAbort,
);

// biome-ignore format: one line per rule
const INACTIVE: readonly TableRow[] = [
  { state: Inactive, events: [E.GraftTakeOver], next: Established, actions: ['attachSession', 'startHoldTimer', 'startKeepaliveTimer'] },
  { state: Inactive, events: [E.GraftAbort], next: Idle, actions: ['forgetSession'] },
  { state: Inactive, events: IGNORED_WHILE_INACTIVE, next: Inactive, actions: [] },
];

export const TABLE_ROWS: readonly TableRow[] = [
  ...IDLE,
  ...CONNECT,
  ...ACTIVE,
  ...OPEN_SENT,
  ...OPEN_CONFIRM,
  ...ESTABLISHED,
  ...INACTIVE,
];
