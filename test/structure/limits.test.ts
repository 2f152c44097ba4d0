/**
 * What a neighbour can run into, and what is turned down: each has a counter that `show session` tells and a line in the log. Whoever adds
 * a counter says here which of them it is, or that it only measures.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { SESSION_LIMITS, type SessionLimit } from '../../src/blade/messages.ts';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';

type Counter = Exclude<keyof typeof SESSION_NUMBER, 'words'>;

/** How much and how long: nothing is refused. */
const MEASURES: readonly Counter[] = [
  ...(['establishedAt', 'holdDeadline', 'keepaliveDue', 'routesReceived', 'routesAdvertised'] as const),
  ...(['updatesReceived', 'updatesSent', 'announcementsReceived', 'withdrawalsReceived'] as const),
  ...(['announcementsSent', 'withdrawalsSent', 'messagesReceived', 'messagesSent', 'bytesReceived'] as const),
  ...([
    'bytesSent',
    'timesEstablished',
    'busy',
    'notificationsSent',
    'notificationsReceived',
    'grafts',
  ] as const),
  ...(['refreshesReceived', 'lastDownAt', 'lastNotification', 'routesReceived6', 'heldUntil'] as const),
  ...(['sendProgressAt', 'sendPosition', 'restUntil', 'staleUntil', 'longUntil4', 'longUntil6'] as const),
  ...(['longLivedRoutes', 'noLongLivedRoutes'] as const),
];

interface Refusal {
  /** Its name in the answer of `show session`. */
  readonly shown: string;
  /** Where the log's line is made, and words of it; or why nothing is logged. */
  readonly said: readonly [file: string, words: string] | string;
  /** Words of the documentation. */
  readonly told: string;
}

// biome-ignore format: one line per rule
const REFUSALS: Partial<Readonly<Record<Counter, Refusal>>> = {
  treatedAsWithdraw: { shown: 'treatedAsWithdraw', said: ['blade/session/malformed.ts', 'treated as a withdrawal'], told: '| sends what is wrong |' },
  attributesDiscarded: { shown: 'attributesDiscarded', said: ['blade/session/malformed.ts', 'an attribute is discarded'], told: '| sends what is wrong |' },
  prefixesIgnored: { shown: 'prefixesIgnored', said: ['blade/routes/receive.ts', 'ignored so far'], told: '| sends what is wrong |' },
  loopsRejected: { shown: 'loopsRejected', said: 'loops are how BGP works: `show routes --why` tells of each', told: "the protocol's own checks" },
  callsRefused: { shown: 'callsRefused', said: 'collisions are how sessions come up (RFC 4271 6.8); the line card says who calls without end', told: '| connects again and again |' },
  pathsRefused: { shown: 'pathsRefused', said: ['blade/session/neighbour-limits.ts', 'refused so far'], told: '| announces more paths of a prefix |' },
  outOfResources: { shown: 'tablesFull', said: ['blade/session/cease.ts', 'fullTable('], told: '| fills a table of the fabric |' },
  routesUntold: { shown: 'routesUntold', said: ['chassis/untold.ts', 'found no room so far'], told: '| fills a table of the fabric |' },
  attemptsFailed: { shown: 'attemptsFailed', said: ['chassis/chassis.ts', 'does not come up'], told: '| does not come up |' },
  policyFaults: { shown: 'policyFaults', said: ['blade/blade.ts', "kind: 'policy'"], told: 'rejects the route' },
  setsTooLong: { shown: 'setsTooLong', said: ['chassis/untold.ts', 'too long for a message'], told: '| cannot be told a route |' },
};

/** Limits that are counted as their line is logged (blade/session/neighbour-limits.ts): words of it, and of the documentation. */
// biome-ignore format: one line per rule
const LIMITS: Readonly<Record<SessionLimit, readonly [said: string, told: string]>> = {
  prefixWarnings: ['prefixes, of ', '| announces too much |'],
  prefixShutdowns: ['}: shut ', '| announces too much |'],
  sendHoldExpiries: ['has read nothing for', '| reads nothing for `send-hold-time` |'],
  flapsDamped: ['fell soon after it came up', '| flaps |'],
  pathsRefused: ['paths of a prefix', '| announces more paths of a prefix |'],
  refreshesIgnored: ['asks for a refresh', '| asks for what was not agreed on |'],
};

const read = (...place: string[]): string => readFileSync(path.join(...place), 'utf8');
const views = readdirSync('src/chassis/views')
  .map((file) => read('src/chassis/views', file))
  .join('\n');
const cli = read('src/cli/show-sessions.ts');
const pages = ['operations.md', 'policy.md'].map((page) => read('docs', page)).join('\n');

test('each counter of a session measures, or counts what is refused', (t) => {
  const counters = Object.keys(SESSION_NUMBER).filter((name) => name !== 'words');
  t.deepEqual([...MEASURES, ...Object.keys(REFUSALS)].sort(), counters.sort());
});

test('what is refused is shown, said in the log, and documented', (t) => {
  for (const [counter, { shown, said, told }] of Object.entries(REFUSALS)) {
    t.regex(views, new RegExp(`${shown}: number\\(SESSION_NUMBER\\.${counter}\\)|\\.\\.\\.limits`), counter);
    const isMessages = views.includes(`      ${shown}: number(`);
    const people = isMessages ? 'messagesText(session.messagesReceived' : `.${shown}`;
    t.true(cli.includes(people), `${counter} is not in the table for people`);
    if (typeof said !== 'string')
      t.true(read('src', said[0]).includes(said[1]), `${counter}: "${said[1]}" is not said`);
    t.true(pages.includes(told), `${counter}: docs/ does not say "${told}"`);
  }
});

test('each limit has a counter with its name, a line in the log, and a row in docs/operations.md', (t) => {
  const source = read('src/blade/session/neighbour-limits.ts');
  const answer = read('src/chassis/operations.ts');
  for (const limit of SESSION_LIMITS) {
    const [said, told] = LIMITS[limit];
    t.true(source.includes(`'${limit}'`) && source.includes(said), `${limit}: "${said}" is not said`);
    t.true(answer.includes(`  ${limit}: number;`), `${limit} is not in the answer`);
    t.true(cli.includes(`limits.${limit}`), `${limit} is not in the table for people`);
    t.true(pages.includes(told), `${limit}: docs/ does not say "${told}"`);
  }
});
