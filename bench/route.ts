/**
 * The way of a route through the blades, without sockets: real blades over a real fabric, turn by turn in one thread,
 * neighbours that stand in memory only. What it says does not depend on how many cores there are: the processor time of
 * each blade's turns, per route received.
 */
import { readFileSync } from 'node:fs';
import { monotonicMilliseconds } from '../src/base/clock.ts';
import { Random } from '../src/base/random.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../src/bgp/families.ts';
import { Blade } from '../src/blade/blade.ts';
import { LIMITS } from '../src/blade/limits.ts';
import type { SessionConfiguration } from '../src/blade/messages.ts';
import { openRecord, rehearse } from '../src/blade/rehearsal/rehearsal.ts';
import { parseConfiguration } from '../src/config/parse.ts';
import { Fabric } from '../src/fabric/fabric.ts';
import { BLADE_NUMBER, CONNECTION, SESSION_NUMBER } from '../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../src/fabric/memory.ts';
import { type Feed, feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import type { PolicyDefinition } from '../src/policy/language.ts';
import { describeFor } from '../src/rib/attribute-row.ts';
import { buildVrpTable } from '../src/rpki/build.ts';
import { graftdPolicy } from './convergence/policy.ts';
import { readOptions } from './support/options.ts';
import { machineLine, table, writeResults } from './support/report.ts';

const HELP = `npm run bench route -- [--senders 4] [--prefixes 200000] [--receivers 2] [--blades 1,2,4,8] [--rounds 3]
  [--disjoint]  the senders tell other prefixes each, and are told nothing
  [--policy policy | tags]  each neighbour has one, those of the convergence benchmark
  [--policy code | code-each | rpki]  a function of a set of attributes; one of each route, with its list; origin validation`;
const { values } = readOptions({
  options: {
    senders: { type: 'string', default: '4' },
    prefixes: { type: 'string', default: '200000' },
    receivers: { type: 'string', default: '2' },
    blades: { type: 'string', default: '1,2,4,8' },
    rounds: { type: 'string', default: '3' },
    disjoint: { type: 'boolean', default: false },
    policy: { type: 'string', default: 'none' },
    help: { type: 'boolean', default: false },
  },
});
const LOCAL_AS = 65_000;
const KINDS = ['policy', 'tags', 'code', 'code-each', 'rpki'] as const;
type Kind = (typeof KINDS)[number];
const senders = Number(values.senders);
const receivers = Number(values.receivers);
const kind = KINDS.find((each) => each === values.policy);
const policies = kind === undefined ? [] : definitions(kind);

const origins = kind === 'rpki' ? { table: roas(), generation: 1 } : undefined;

interface Result {
  readonly blades: number;
  /** Processor microseconds by blade. */
  readonly busy: readonly number[];
  readonly routes: number;
  readonly updatesSent: number;
  readonly full: number;
  /** Of everything that receivers were told. */
  readonly advertised: number;
}

function main(): void {
  console.log(`${machineLine()}\n`);
  rehearse(monotonicMilliseconds);
  const feeds = makeFeeds(Number(values.prefixes));
  const results: Result[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const blades of values.blades.split(',')) results.push(measure(feeds, Number(blades)));
  }
  results.sort((a, b) => a.blades - b.blades);
  const per = (microseconds: number, routes: number): string => ((microseconds * 1000) / routes).toFixed(0);
  console.log(`${senders} × ${values.prefixes} prefixes → ${receivers} receivers; each row is a round`);
  console.log(
    table(
      [
        'blades',
        'ns a route, all blades',
        'busiest blade',
        'UPDATEs sent',
        'full evaluations',
        'routes told',
      ],
      results.map(({ blades, busy, routes, updatesSent, full, advertised }) => [
        blades,
        per(
          busy.reduce((a, b) => a + b, 0),
          routes,
        ),
        per(Math.max(...busy), routes),
        updatesSent,
        full,
        advertised,
      ]),
    ),
  );
  writeResults('route', {
    senders,
    receivers,
    prefixes: values.prefixes,
    disjoint: values.disjoint,
    results,
  });
}

function makeFeeds(prefixes: number): Feed[] {
  const shared = values.disjoint ? undefined : generateTable({ seed: 7, ipv4: prefixes, ipv6: 0 });
  return Array.from({ length: senders }, (_, i) =>
    feedFor(shared ?? generateTable({ seed: 7 + i, ipv4: prefixes, ipv6: 0 }), {
      neighborAs: 64_501 + i,
      nextHop: `127.0.3.${i + 1}`,
      seed: 7 + i,
      med: 'none',
    }),
  );
}

function measure(feeds: readonly Feed[], bladeCount: number): Result {
  const sessions = senders + receivers;
  const memory = createFabricMemory(defaultFabricOptions(bladeCount, sessions));
  const homes = Array.from({ length: bladeCount }, (_, slot) => {
    const fabric = new Fabric(memory, slot, describeFor(LOCAL_AS));
    const random = new Random(slot + 1);
    return {
      fabric,
      blade: new Blade(
        fabric,
        slot,
        configurations(),
        monotonicMilliseconds,
        random,
        () => {},
        LIMITS,
        0,
        policies,
        origins,
      ),
      busy: 0,
    };
  });
  const home = (session: number): (typeof homes)[number] =>
    homes[(session < senders ? session : session - senders) % bladeCount] as (typeof homes)[number];
  for (let session = 0; session < sessions; session++) {
    openRecord(home(session).fabric, session);
    home(session).blade.order({ kind: 'attach', session });
  }
  // As in a chassis, whose blades have looked at all that there is, nothing, before anybody calls.
  while (homes.map(({ blade }) => blade.turn()).includes(true));
  const neighbors = feeds.map((feed, session) => new Sender(home(session).fabric, session, feed));
  let quiet = 0;
  while (quiet < 3) {
    quiet++;
    for (const neighbor of neighbors) if (neighbor.tell()) quiet = 0;
    for (const each of homes) {
      const before = threadNanoseconds();
      if (each.blade.turn()) quiet = 0;
      each.busy += (threadNanoseconds() - before) / 1000;
    }
    for (let session = 0; session < sessions; session++) if (listen(home(session).fabric, session)) quiet = 0;
  }
  const { fabric } = homes[0] as (typeof homes)[number];
  const sum = (which: number, from: number): number => {
    let total = 0;
    for (let session = from; session < sessions; session++) total += fabric.number(session, which);
    return total;
  };
  return {
    blades: bladeCount,
    busy: homes.map(({ busy }) => busy),
    routes: feeds.reduce((all, { announced }) => all + announced, 0),
    updatesSent: sum(SESSION_NUMBER.updatesSent, 0),
    full: homes.reduce((all, _, slot) => all + fabric.bladeNumber(slot, BLADE_NUMBER.fullEvaluations), 0),
    advertised: sum(SESSION_NUMBER.routesAdvertised, senders),
  };
}

function configurations(): SessionConfiguration[] {
  return Array.from({ length: senders + receivers }, (_, index) => ({
    index,
    address: `neighbour ${index}`,
    addressWords: [0, 0, 0xffff, 0x7f000301 + index],
    as: 64_501 + index,
    passive: true,
    families: FAMILY_IPV4 | FAMILY_IPV6,
    importAccept: true,
    exportAccept: index >= senders || !values.disjoint,
    holdTime: 0,
    connectRetryTime: 120,
    nextHopSelf: false,
    nextHop4: Uint8Array.of(127, 0, 3, 200),
    localAs: LOCAL_AS,
    localId: 1,
    ...(kind === undefined ? {} : policyOf(index)),
  }));
}

function policyOf(index: number): Pick<SessionConfiguration, 'importPolicy' | 'exportPolicy'> {
  const keyOf = (name: string): string => {
    const found = policies.find((policy) => policy.name === name);
    if (found === undefined) throw new Error(`there is no policy ${name}`);
    return found.key;
  };
  return {
    ...(index < senders ? { importPolicy: keyOf(importOf(index)) } : {}),
    exportPolicy: keyOf(exportOf()),
  };
}

function importOf(index: number): string {
  if (kind === 'rpki') return 'checked';
  return isCode() ? `./${index}.js#take` : `from-${index}`;
}

function exportOf(): string {
  return isCode() ? './0.js#tell' : 'to-all';
}

function isCode(): boolean {
  return kind === 'code' || kind === 'code-each';
}

/** A function that asks what the statements of the convergence benchmark do; `each`: with the list of prefixes too, route by route. */
function codeOf(each: boolean, from: number): string {
  return `
exports.take = (route) => {
  if (route.pathLength >= 60 || route.matchesPath('private')) return 'reject';
  ${each ? `if (route.isIn('bogons') || !route.isIn('customer-${from}')) return 'reject';` : ''}
  return { community: { remove: ['${LOCAL_AS}:*'], add: ['${LOCAL_AS}:100'] } };
};
exports.tell = (route) => (route.hasCommunity('${LOCAL_AS}:666') ? 'reject' : 'accept');
`;
}

function definitions(which: Kind): readonly PolicyDefinition[] {
  const neighbours = Array.from({ length: senders + receivers }, (_, index) => ({
    index,
    address: `127.0.3.${index + 1}`,
    as: 64_501 + index,
    sender: index < senders,
    deaf: false,
  }));
  const text = [
    ...graftdPolicy(neighbours, which === 'tags' ? 'tags' : 'policy'),
    '  checked: [{ if: { rpki: invalid }, then: reject }, { then: accept }]',
    "as-path-sets: { private: ['_(6451[2-9]|645[2-9][0-9]|64[6-9][0-9][0-9]|65[0-4][0-9][0-9])_'] }",
    `router: { as: ${LOCAL_AS}, id: 192.0.2.1 }`,
    'neighbors:',
    ...neighbours.map(
      ({ address, as, index }) =>
        `  - { address: ${address}, as: ${as}, import: "${index < senders ? importOf(index) : 'accept'}", export: "${exportOf()}" }`,
    ),
  ].join('\n');
  const { configuration, mistakes } = parseConfiguration(text, '/graftd.yaml', (file) =>
    codeOf(which === 'code-each', Number(file.slice(1, -3))),
  );
  if (configuration === undefined) throw new Error(JSON.stringify(mistakes));
  return configuration.policies;
}

/** 500 k VRPs of 24 bits, far from what is announced and beside it, as many as the RPKI has. */
function roas(): SharedArrayBuffer {
  const random = new Random(5);
  const rows = new Set<number>();
  while (rows.size < 500_000) rows.add((1 + random.below(222)) * 65_536 + random.below(65_536));
  const words = [...rows]
    .sort((a, b) => a - b)
    .flatMap((high) => [(high << 8) >>> 0, (24 << 8) | 24, 64_501]);
  return buildVrpTable(Uint32Array.from(words), new Uint32Array(0)).memory;
}

/** Fills its receive ring from a feed, as the line card would. */
class Sender {
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #feed: Feed;
  readonly #at: number;
  #sent = 0;

  constructor(fabric: Fabric, session: number, feed: Feed) {
    this.#fabric = fabric;
    this.#session = session;
    this.#feed = feed;
    this.#at = fabric.connections.at(session, 0);
  }

  /** False when all is told. */
  tell(): boolean {
    const { connections, ready } = this.#fabric;
    const { words, receive, receiveBytes } = connections;
    const head = words[this.#at + CONNECTION.receiveHead] as number;
    const room = receiveBytes - ((head - (words[this.#at + CONNECTION.receiveTail] as number)) | 0);
    const offset = head & (receiveBytes - 1);
    const length = Math.min(room, receiveBytes - offset, this.#feed.bytes.length - this.#sent);
    if (length === 0) return false;
    const start = connections.receiveStart(this.#session, 0) + offset;
    receive.set(this.#feed.bytes.subarray(this.#sent, this.#sent + length), start);
    this.#sent += length;
    words[this.#at + CONNECTION.receiveHead] = (head + length) | 0;
    ready.setForBlade(this.#session);
    return true;
  }
}

/** Takes whatever was sent to a session; false when it was nothing. */
function listen(fabric: Fabric, session: number): boolean {
  const at = fabric.connections.at(session, 0);
  const { words } = fabric.connections;
  const any = words[at + CONNECTION.transmitTail] !== words[at + CONNECTION.transmitHead];
  words[at + CONNECTION.transmitTail] = words[at + CONNECTION.transmitHead] as number;
  return any;
}

/** Nanoseconds that this thread has been on a processor. */
function threadNanoseconds(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
}

if (values.help) console.log(HELP);
else main();
