/**
 * The finite state machine of RFC 4271 section 8 as a table: one row for what an RFC paragraph of 8.2.2 says of
 * some events in a state. It is pure: `transition` says what comes next and what is to be done, and the caller,
 * who owns timers and connections, does it. There is one machine for each connection; connection collision
 * (RFC 4271 6.8) is found by the caller when an OPEN arrives, and told as OpenCollisionDump to the machine that loses.
 *
 *     Idle ──> Connect <──> Active        Idle ──GraftPrepare──> Inactive ──GraftTakeOver──> Established
 *                │            │           Inactive ──GraftAbort──> Idle
 *                └─> OpenSent <┘          Established ──GraftRelease──> Idle, the connection untouched
 *                       │
 *                  OpenConfirm ──> Established
 *
 * `Inactive` is the addition of the router grafting paper: the session lives, on another blade, and here is all
 * that is needed to go on with it. The rows are in fsm-table.ts.
 */
import { Event, STATE_NAMES, type State, type Transition } from './fsm-names.ts';
import { TABLE_ROWS } from './fsm-table.ts';

export * from './fsm-names.ts';

const STATES = STATE_NAMES.length;
/** One behind the highest number: not all are in use. */
const EVENTS = Math.max(...Object.values(Event)) + 1;
const FLAGS = 4;

const TABLE: (Transition | undefined)[] = new Array(FLAGS * STATES * EVENTS).fill(undefined);

for (const row of TABLE_ROWS) {
  const entry: Transition = Object.freeze({
    next: row.next,
    actions: Object.freeze([...row.actions]),
    notification: row.notification,
  });
  for (let flags = 0; flags < FLAGS; flags++) {
    if ((flags & (row.when ?? 0)) !== (row.when ?? 0) || (flags & (row.unless ?? 0)) !== 0) continue;
    for (const event of row.events) TABLE[(flags * STATES + row.state) * EVENTS + event] = entry;
  }
}

/** Total over State × Event × flags: a test goes through all. */
export function transition(state: State, event: Event, flags: number): Transition {
  return TABLE[((flags & (FLAGS - 1)) * STATES + state) * EVENTS + event]!;
}
