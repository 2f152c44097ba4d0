import test from 'ava';
import { type Action, EVENT_NAMES, Event, FsmFlag, State, stateName, transition } from '../../src/bgp/fsm.ts';
import { TABLE_ROWS } from '../../src/bgp/fsm-table.ts';

const states = Object.values(State);
const events = Object.values(Event);
const everyFlags = [
  0,
  FsmFlag.Passive,
  FsmFlag.NotificationWithoutOpen,
  FsmFlag.Passive | FsmFlag.NotificationWithoutOpen,
];

function* everything() {
  for (const flags of everyFlags) {
    for (const state of states) {
      for (const event of events) {
        yield {
          name: `${stateName(state)}, ${EVENT_NAMES[event]}, flags ${flags}`,
          state,
          event,
          flags,
          ...transition(state, event, flags),
        };
      }
    }
  }
}

test('every state has an answer to every event', (t) => {
  for (const { state, event, flags, name } of everything()) {
    t.truthy(transition(state, event, flags), name);
  }
});

test('no two rows answer the same', (t) => {
  for (const flags of everyFlags) {
    const seen = new Set<string>();
    for (const row of TABLE_ROWS) {
      if ((flags & (row.when ?? 0)) !== (row.when ?? 0) || (flags & (row.unless ?? 0)) !== 0) continue;
      for (const event of row.events) {
        const key = `${row.state}/${event}`;
        t.false(seen.has(key), `${stateName(row.state)}, ${EVENT_NAMES[event]}`);
        seen.add(key);
      }
    }
    t.is(seen.size, states.length * events.length);
  }
});

/** What RFC 4271 8.2.2 says, state by state: [events, next]; "·" stays. In the order of its paragraphs. */
// biome-ignore format: one line per rule
const RFC: readonly (readonly [state: keyof typeof State, events: readonly number[], next: keyof typeof State])[] = [
  ['Idle', [1, 3], 'Connect'],
  ['Idle', [4, 5], 'Active'],
  ['Idle', [2, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28], 'Idle'],
  ['Connect', [1, 3, 4, 5, 9, 14, 15], 'Connect'],
  ['Connect', [2, 8, 10, 11, 13, 19, 21, 22, 23, 24, 25, 26, 27, 28], 'Idle'],
  ['Connect', [16, 17], 'OpenSent'],
  ['Active', [1, 3, 4, 5, 14, 15], 'Active'],
  ['Active', [9], 'Connect'],
  ['Active', [2, 8, 10, 11, 13, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28], 'Idle'],
  ['Active', [16, 17], 'OpenSent'],
  ['OpenSent', [1, 3, 4, 5, 14, 15, 16, 17], 'OpenSent'],
  ['OpenSent', [2, 8, 10, 21, 22, 23, 24, 9, 11, 13, 25, 26, 27, 28], 'Idle'],
  ['OpenSent', [18], 'Active'],
  ['OpenSent', [19], 'OpenConfirm'],
  ['OpenConfirm', [1, 3, 4, 5, 11, 14, 15, 16, 17], 'OpenConfirm'],
  ['OpenConfirm', [2, 8, 10, 18, 21, 22, 23, 24, 25, 9, 13, 27, 28], 'Idle'],
  ['OpenConfirm', [26], 'Established'],
  ['Established', [1, 3, 4, 5, 11, 14, 15, 16, 17, 26, 27], 'Established'],
  ['Established', [2, 8, 10, 18, 21, 22, 23, 24, 25, 28, 9, 13], 'Idle'],
];

test('states follow each other as in RFC 4271 8.2.2', (t) => {
  for (const [state, list, next] of RFC) {
    for (const event of list) {
      const found = transition(State[state], event as Event, 0).next;
      t.is(stateName(found), next, `${state}, ${EVENT_NAMES[event]}`);
    }
  }
});

test('a failed attempt waits for the neighbour instead of going to Idle, which is ours', (t) => {
  t.is(transition(State.Connect, Event.TcpConnectionFails, 0).next, State.Active);
});

test('a passive session never dials', (t) => {
  for (const { actions, flags, name } of everything()) {
    if (flags & FsmFlag.Passive) {
      if (name.startsWith('Connect')) continue;
      t.false(actions.includes('connect'), name);
    }
  }
  t.is(transition(State.Idle, Event.ManualStart, FsmFlag.Passive).next, State.Active);
  t.is(transition(State.Active, Event.ConnectRetryTimerExpires, FsmFlag.Passive).next, State.Active);
});

test('a NOTIFICATION is chosen exactly where one is sent, before the connection is dropped', (t) => {
  for (const { actions, notification, name } of everything()) {
    t.is(notification !== undefined, actions.includes('sendNotification'), name);
    if (notification !== undefined)
      t.true(actions.indexOf('sendNotification') < actions.indexOf('dropConnection'), name);
  }
});

test('who leaves Established towards Idle deletes the routes, but for a graft', (t) => {
  for (const { state, event, next, actions, name } of everything()) {
    const leaves = state === State.Established && next === State.Idle && event !== Event.GraftRelease;
    t.is(actions.includes('deleteRoutes'), leaves, name);
  }
});

test('no way down leaves a connection or resources behind, or the session down for good', (t) => {
  const asked: readonly number[] = [Event.ManualStop, Event.GraftRelease, Event.GraftAbort];
  for (const { state, event, next, actions, name } of everything()) {
    if (next !== State.Idle || state === State.Idle) continue;
    const graft = event === Event.GraftRelease || event === Event.GraftAbort;
    t.is(actions.includes('dropConnection'), !graft, name);
    t.is(actions.includes('releaseResources'), !graft, name);
    t.is(actions.includes('startIdleHoldTimer'), !asked.includes(event), name);
  }
});

test('a session that is stopped by hand starts nothing', (t) => {
  for (const state of states) {
    if (state === State.Inactive) continue;
    const { next, actions } = transition(state, Event.ManualStop, 0);
    t.is(next, State.Idle);
    t.false(actions.some((action) => action.startsWith('start')));
  }
});

test('received NOTIFICATIONs are never answered', (t) => {
  for (const { event, actions, name } of everything()) {
    if (event === Event.NotifMsg || event === Event.NotifMsgVerErr) {
      t.false(actions.includes('sendNotification'), name);
    }
  }
});

test('a graft moves a session between Established here and Inactive there, and touches no connection', (t) => {
  const steps: readonly (readonly [State, Event, State, readonly Action[]])[] = [
    [State.Idle, Event.GraftPrepare, State.Inactive, ['stopIdleHoldTimer', 'prepareSession']],
    [
      State.Inactive,
      Event.GraftTakeOver,
      State.Established,
      ['attachSession', 'startHoldTimer', 'startKeepaliveTimer'],
    ],
    [State.Inactive, Event.GraftAbort, State.Idle, ['forgetSession']],
    [State.Established, Event.GraftRelease, State.Idle, ['detachSession']],
  ];
  for (const [state, event, next, actions] of steps) {
    const found = transition(state, event, 0);
    t.is(found.next, next);
    t.deepEqual(found.actions, actions);
  }
});

test('nothing but the graft itself moves a session that is Inactive', (t) => {
  for (const { state, event, next, actions, name } of everything()) {
    if (state !== State.Inactive || event === Event.GraftTakeOver || event === Event.GraftAbort) continue;
    t.is(next, State.Inactive, name);
    t.is(actions.length, 0, name);
  }
});

test('the way up is OPEN, KEEPALIVE, Established', (t) => {
  const script = [Event.ManualStart, Event.TcpCrAcked, Event.BgpOpen, Event.KeepAliveMsg] as const;
  const sent: string[] = [];
  let state: State = State.Idle;
  for (const event of script) {
    const { next, actions } = transition(state, event, 0);
    sent.push(...actions.filter((action) => action.startsWith('send')));
    state = next;
  }
  t.is(state, State.Established);
  t.deepEqual(sent, ['sendOpen', 'sendKeepalive']);
});
