/** The load generator: all neighbours of a daemon in one event loop. While the clock runs it only moves bytes. */
import type { Case } from '../cases.ts';
import type { Announcement, Single } from './announcements.ts';
import { BusyChanges } from './busy.ts';
import { type Counts, Held } from './held.ts';
import { SlabPool } from './inbox.ts';
import type { Look, Outcome, PhaseName, WorkloadFacts } from './messages.ts';
import { type NextHops, rewriteNextHops } from './next-hop.ts';
import { type Announced, Oracle } from './oracle.ts';
import { Session } from './session.ts';
import { sendSingles } from './singles.ts';
import { makeWorkload, type Sender, type Workload } from './workload.ts';

const KEEPALIVE_EVERY = 60_000;
/** Sessions that are opened at the same time. */
const TOGETHER = 50;
/** Milliseconds that all sessions must have been up for. */
const SETTLE = 500;
/** Mistakes that are told; there may be one for each prefix. */
const TOLD = 5;
/** The most memory that is prepared for what will come, bytes. */
const RESERVE = 6e9;

export class Generator {
  readonly #pool = new SlabPool();
  #workload: Workload | undefined;
  #nextHops: NextHops = 'elsewhere';
  #sessions: Session[] = [];
  #held: Held[] = [];
  /** What each sender announces now. */
  #announced: Announced[] = [];
  #latencies: number[] = [];
  #untilAll: number[] = [];
  #busy: BusyChanges | undefined;
  #counts = noCounts();
  #start = 0;
  #cpu: NodeJS.CpuUsage | undefined;
  #cpuBefore = process.cpuUsage();

  constructor() {
    const keepalives = (): void => {
      for (const session of this.#sessions) session.keepalive();
    };
    setInterval(keepalives, KEEPALIVE_EVERY).unref();
  }

  async prepare(what: Case): Promise<WorkloadFacts> {
    this.#workload = undefined;
    this.#workload = await makeWorkload(what);
    this.#nextHops = 'elsewhere';
    const { senders, numbers, routes, attributeSets, neighbours } = this.#workload;
    const bytes = senders.reduce((sum, { announce }) => sum + announce.bytes.length, 0);
    const told = neighbours.filter(({ deaf }) => !deaf).length;
    this.#pool.reserve(Math.min(RESERVE, (bytes / Math.max(1, routes)) * numbers.count * told * 1.2));
    return {
      prefixes: numbers.count,
      routes,
      routesPerSet: routes / Math.max(1, attributeSets),
      messages: senders.reduce((sum, { announce }) => sum + announce.messages, 0),
      bytes,
    };
  }

  setNextHops(kind: NextHops): void {
    if (kind === this.#nextHops) return;
    this.#nextHops = kind;
    for (const { neighbour, announce, change, singles = [], moreSingles = [] } of this.#work().senders)
      for (const feed of [announce, change, ...singles, ...moreSingles])
        if (feed !== undefined) rewriteNextHops(feed.bytes, neighbour, kind);
  }

  async connect(port: number, patience: number): Promise<void> {
    const { what, neighbours, numbers, senders } = this.#work();
    const deadline = performance.now() + patience;
    const sessions: Session[] = [];
    for (let waiting = [...neighbours]; waiting.length > 0; ) {
      const open = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          sessions[next.index] = await Session.establish(next, what.ipv6, this.#pool, port, deadline);
      };
      await Promise.all(Array.from({ length: TOGETHER }, open));
      await new Promise((resolve) => setTimeout(resolve, SETTLE));
      // A daemon that is still starting may close what it had opened.
      waiting = neighbours.filter(({ index }) => sessions[index]?.down !== undefined);
      for (const { index } of waiting) sessions[index]?.inbox.free();
    }
    this.#sessions = sessions;
    this.#held = neighbours.map((neighbour) => new Held(numbers, neighbour, what.ipv6));
    this.#announced = senders.map(({ rows }) => ({ rows, lengths: new Uint8Array(rows.length) }));
    this.#start = performance.now();
  }

  async start(phase: PhaseName): Promise<void> {
    const { senders } = this.#work();
    const first = senders[0];
    for (const [i, session] of this.#sessions.entries()) {
      session.lastChange = session.bytesReceived = 0;
      // What came before is not of this phase: End-of-RIB after the start, for one.
      if (!session.abandoned) this.#held[i]!.read(session.inbox, noCounts());
    }
    this.#latencies = [];
    this.#untilAll = [];
    this.#busy = undefined;
    this.#counts = noCounts();
    this.#cpu = undefined;
    this.#cpuBefore = process.cpuUsage();
    this.#start = performance.now();
    if (phase === 'announce') senders.forEach(this.#send, this);
    else if (phase === 'everything') senders.map(changed).forEach(this.#send, this);
    else if (phase === 'change') this.#sendFirst(first?.change);
    else if (phase === 'withdraw') this.#sendFirst(first?.withdraw);
    else if (phase === 'again') this.#sendFirst(first?.announce);
    else if (phase === 'lost') await this.#lose(Math.min(1, senders.length - 1));
    else if (phase === 'single') await this.#single();
    else if (phase === 'busy') await this.#changeWhileBusy();
  }

  look(): Look {
    const down = this.#sessions.find((session) => session.down !== undefined && !session.abandoned);
    return {
      elapsed: performance.now() - this.#start,
      changed: this.#changed(),
      unsent: this.#sessions.reduce((sum, session) => sum + session.unsent, 0),
      down: down === undefined ? undefined : `${down.neighbour.address}: ${down.down}`,
    };
  }

  check(): Outcome {
    // That of the first check, should there be several: reading what came is no part of the load.
    this.#cpu ??= process.cpuUsage(this.#cpuBefore);
    const counts = this.#counts;
    const mistakes: string[] = [];
    const oracle = new Oracle(this.#work().numbers, this.#announced);
    const own = new Uint8Array(this.#work().numbers.count);
    for (const [i, session] of this.#sessions.entries()) {
      if (session.abandoned) continue;
      const held = this.#held[i] as Held;
      held.read(session.inbox, counts, session === this.#busy?.watched ? this.#busy : undefined);
      const wrong = this.#compare(oracle, held, i, own);
      for (const text of [...held.mistakes(), ...(wrong === undefined ? [] : [wrong])])
        mistakes.push(`${session.neighbour.address}: ${text}`);
    }
    if (this.#busy !== undefined) this.#latencies = this.#busy.finish();
    return {
      ...counts,
      bytes: this.#sessions.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0),
      wall: this.#changed(),
      generatorCpu: (this.#cpu.user + this.#cpu.system) / 1e6,
      latencies: this.#latencies,
      untilAll: this.#untilAll,
      mistakes: mistakes.slice(0, TOLD),
    };
  }

  async disconnect(): Promise<void> {
    const sessions = this.#sessions.splice(0);
    await Promise.all(sessions.map((session) => session.close()));
    for (const { inbox } of sessions) inbox.free();
    this.#held = [];
  }

  #send({ rows, announce }: Sender, i: number): void {
    this.#sessions[i]!.send(announce.bytes);
    this.#announced[i] = { rows, lengths: announce.lengths };
  }

  #sendFirst(announcement: Announcement | undefined): void {
    const first = this.#work().senders[0];
    if (first !== undefined && announcement !== undefined)
      this.#send({ ...first, announce: announcement }, 0);
  }

  async #lose(sender: number): Promise<void> {
    const session = this.#sessions[sender]!;
    session.abandoned = true;
    await session.close();
    const { rows } = this.#announced[sender]!;
    this.#announced[sender] = { rows, lengths: new Uint8Array(rows.length) };
  }

  async #single(): Promise<void> {
    const { singles = [] } = this.#work().senders[0]!;
    const [from, ...others] = this.#sessions as [Session, ...Session[]];
    const arrivals = await sendSingles(from, singles, this.#watched(), others);
    this.#latencies = arrivals.map(({ watched }) => watched);
    this.#untilAll = arrivals.map(({ last }) => last);
    this.#changedSingly(singles);
  }

  async #changeWhileBusy(): Promise<void> {
    const { senders } = this.#work();
    const last = senders.length - 1;
    const { moreSingles = [], rows } = senders[0]!;
    this.#busy = new BusyChanges(this.#watched());
    this.#send(changed(senders[last]!), last);
    await this.#busy.send(this.#sessions[0]!, moreSingles, rows);
    this.#changedSingly(moreSingles);
  }

  /** Whose time counts: the first receiver's; in a case without receivers the next sender's. */
  #watched(): Session {
    return this.#sessions[this.#work().senders.length] ?? this.#sessions[1]!;
  }

  #changedSingly(singles: readonly Single[]): void {
    const { rows, lengths } = this.#announced[0]!;
    const changed = lengths.slice();
    for (const { at, length } of singles) changed[at] = length;
    this.#announced[0] = { rows, lengths: changed };
  }

  #compare(oracle: Oracle, held: Held, i: number, own: Uint8Array): string | undefined {
    if (this.#sessions[i]!.neighbour.deaf) return undefined;
    const announced = this.#announced[i];
    if (announced === undefined) return oracle.receiver(held.lengths);
    const { rows, lengths } = announced;
    own.fill(0);
    for (let row = 0; row < rows.length; row++) own[rows[row] as number] = lengths[row] as number;
    return oracle.sender(held.lengths, i, own);
  }

  /** When the last change came, since the start; what came before the start does not count. */
  #changed(): number {
    const last = this.#sessions.reduce((latest, { lastChange }) => Math.max(latest, lastChange), 0);
    return Math.max(0, last - this.#start);
  }

  #work(): Workload {
    if (this.#workload === undefined) throw new Error('nothing was prepared');
    return this.#workload;
  }
}

const noCounts = (): Counts => ({ updates: 0, announced: 0, withdrawn: 0 });

/** The sender, with other paths. */
function changed(sender: Sender): Sender {
  if (sender.change === undefined) throw new Error('no other paths were made for this sender');
  return { ...sender, announce: sender.change };
}
