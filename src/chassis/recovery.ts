/**
 * The supervisor's part when a blade dies (docs/design.md, "When a blade dies"): notices it, divides what it leaves among the living,
 * and starts a fresh blade in its slot.
 *
 *   exit, error, no heartbeat ─→ grafts settled ─→ buried ─→ orphans to living blades ─→ each told all: recovered
 *                                                       └──→ a fresh worker ─→ evaluates everything ─→ swept
 *
 * Owns: the running bits and counts of losses in the fabric, orphans without a home, and who is to blame.
 */
import type { Clock } from '../base/clock.ts';
import type { BladeNews, BladeOrder, Orphan } from '../blade/messages.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER, BOX } from '../fabric/layout.ts';
import type { BladeHandle } from './blade-handle.ts';
import { Blame, type Suspect } from './blame.ts';
import { bury, divide, heirsAmong, settleGrafts } from './estate.ts';
import { ViewReclaimer } from './reclaim.ts';

/** Milliseconds between two looks at the heartbeats; and where all blades sleep, and none has died. */
const WATCH = 100;
const CALM_WATCH = 250;
/** A blade that dies so soon after it was started is started again with a delay, doubled each time. */
const SOON = 10_000;
const DELAY = 100;
const LONGEST_DELAY = 10_000;

/** Orders that a session's next home is given again. The others are the chassis' own, and made anew. */
const REPEATED: ReadonlySet<BladeOrder['kind']> = new Set([
  'clear',
  'dismiss',
  'enable',
  'refresh',
  'remove',
  'reset',
  'shutdown',
]);

export interface RecoveryLimits {
  /** A blade that gives no sign of life for so long is ended, milliseconds. */
  readonly heartbeat: number;
  /** After so many deaths in a row at one message its session is shut. */
  readonly poison: number;
}

/** What an orphan went through. Monotonic milliseconds. */
export interface Recovered {
  readonly session: number;
  readonly from: number;
  readonly to: number;
  readonly diedAt: number;
  readonly attachedAt: number;
  readonly toldAt: number;
  readonly decisionsRun: number;
  readonly recordsSent: number;
  readonly updatesSent: number;
}

export interface RecoveryHost {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly blades: readonly BladeHandle[];
  /** Starts a worker in a slot; rejects when it ended before it ran. */
  startBlade(blade: BladeHandle): Promise<void>;
  /** The neighbour's address. */
  name(session: number): string;
  /** What people should know. */
  tell(text: string): void;
  recovered(orphan: Recovered): void;
  /** The session is shut: its messages kill blades. */
  shut(session: number, why: string): void;
}

export class Recovery {
  /** Sessions that no living blade can take at the moment. */
  readonly waiting = new Set<number>();
  readonly #host: RecoveryHost;
  readonly #limits: RecoveryLimits;
  readonly #blame: Blame;
  readonly #shut = new Map<number, string>();
  /** Orphans that are still to be told something: by session. */
  readonly #orphans = new Map<number, { readonly from: number; readonly diedAt: number }>();
  readonly #undone: BladeOrder[] = [];
  readonly #delays = new Map<number, number>();
  /** By slot, when its blade began to run. */
  readonly #since = new Map<number, number>();
  /** When its thread was last started anew: it may never run. */
  readonly #begun = new Map<number, number>();
  readonly #views: ViewReclaimer;
  #reclaimed = true;
  #watch: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  constructor(host: RecoveryHost, limits: RecoveryLimits) {
    this.#host = host;
    this.#limits = limits;
    this.#blame = new Blame(host.fabric);
    this.#views = new ViewReclaimer(host.fabric);
  }

  start(): void {
    this.#lookedAt = this.#host.clock();
    this.#look();
  }

  #look(): void {
    this.#lookAtHeartbeats();
    this.#reclaim();
    const { blades, fabric } = this.#host;
    const calm = this.#reclaimed && blades.every(({ slot }) => fabric.bells.sleeps(slot));
    this.#watch = setTimeout(() => this.#look(), calm ? CALM_WATCH : WATCH).unref();
  }

  stop(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }

  get #stopped(): boolean {
    return this.#watch === undefined;
  }

  /** A blade runs: it can be asked, and take what waits. */
  running(slot: number): void {
    this.#since.set(slot, this.#host.clock());
    Atomics.or(this.#host.fabric.box, BOX.running, 1 << slot);
    if (this.waiting.size > 0) this.#divide([...this.waiting]);
  }

  /** The thread in this slot has ended. */
  async died(blade: BladeHandle, why: string): Promise<void> {
    this.#host.tell(`blade ${blade.slot} died: ${why}`);
    await this.#bequeath(blade);
    await this.#startAnew(blade);
  }

  /** Puts a fresh blade into the place of one that serves nobody. */
  async replace(blade: BladeHandle): Promise<void> {
    blade.restarting++;
    try {
      await this.retire(blade);
      if (!this.#stopped) await this.#host.startBlade(blade);
    } finally {
      blade.restarting--;
    }
  }

  /** A blade that serves nobody leaves for good. */
  async retire(blade: BladeHandle): Promise<void> {
    await blade.end();
    await this.#bequeath(blade);
  }

  /** What the blade leaves goes to the others. Whatever it was just doing is as if it had died. */
  async #bequeath(blade: BladeHandle): Promise<void> {
    const { fabric, clock } = this.#host;
    const { slot } = blade;
    const diedAt = clock();
    this.#undone.push(...blade.takeUndone().filter(({ kind }) => REPEATED.has(kind)));
    while (!settleGrafts(fabric, slot) && !this.#stopped) await sleep(1);
    if (this.#stopped) return;
    const suspect = this.#blame.note(slot);
    const orphans = bury(fabric, slot);
    this.#reclaimed = false;
    if (suspect !== undefined) this.#judge(suspect);
    for (const session of orphans) this.#orphans.set(session, { from: slot, diedAt });
    this.#divide(orphans);
    // Even those that are asleep: what the dead one has changed is known to nobody else.
    for (const other of this.#host.blades) fabric.bells.ring(other.slot);
  }

  /** A blade has taken what it was given, and evaluated everything: what nobody took can be told by now. */
  swept(): void {
    this.#reclaimed = false;
  }

  /** An orphan has been told all that it should be told. */
  onRecovered(news: BladeNews & { kind: 'recovered' }): void {
    const orphan = this.#orphans.get(news.session);
    if (orphan === undefined) return;
    this.#orphans.delete(news.session);
    const { session, slot, attachedAt, decisionsRun, recordsSent, updatesSent } = news;
    const toldAt = this.#host.clock();
    this.#host.recovered({
      session,
      ...orphan,
      to: slot,
      attachedAt,
      toldAt,
      decisionsRun,
      recordsSent,
      updatesSent,
    });
  }

  #judge({ session, deaths, bytes }: Suspect): void {
    if (deaths === 1) return;
    const hex = Buffer.from(bytes).toString('hex');
    const { poison } = this.#limits;
    const done = deaths < poison ? `the limit is ${poison}` : 'shut, until "chassis enable"';
    const who = this.#host.name(session);
    this.#host.tell(`${who}: ${deaths} deaths of blades in a row at one message of its, ${done}: ${hex}`);
    if (deaths < poison) return;
    const why = `a message of yours ended ${deaths} route processors in a row`;
    this.#shut.set(session, why);
    this.#host.shut(session, why);
  }

  #divide(orphans: readonly number[]): void {
    const { fabric, blades } = this.#host;
    const heirs = this.#heirs();
    if (heirs.length === 0) {
      for (const session of orphans) this.waiting.add(session);
      return;
    }
    for (const [slot, sessions] of divide(fabric, orphans, heirs)) {
      blades[slot]?.order({ kind: 'orphans', orphans: sessions.map((session) => this.#orphan(session)) });
      for (const session of sessions) this.waiting.delete(session);
    }
    this.#orderAgain();
  }

  #orphan(session: number): Orphan {
    const shut = this.#shut.get(session);
    this.#shut.delete(session);
    return shut === undefined ? { session } : { session, shut };
  }

  /** Slots of blades that take sessions; drained ones only where there is no other. */
  #heirs(): readonly number[] {
    const running = this.#host.blades.filter((blade) => blade.running);
    const open = running.filter((blade) => !blade.drained);
    return heirsAmong(
      this.#host.fabric,
      (open.length > 0 ? open : running).map(({ slot }) => slot),
    );
  }

  /** What a dead blade was ordered about a session, its next home is ordered. */
  #orderAgain(): void {
    const { fabric, blades } = this.#host;
    for (const order of this.#undone.splice(0)) {
      const home =
        'session' in order && typeof order.session === 'number' ? fabric.homeOf(order.session) : -1;
      if (home >= 0) blades[home]?.order(order);
      else this.#undone.push(order);
    }
  }

  async #startAnew(blade: BladeHandle): Promise<void> {
    const { clock } = this.#host;
    const begun = Math.max(this.#begun.get(blade.slot) ?? 0, this.#since.get(blade.slot) ?? 0);
    const lived = clock() - begun;
    const before = this.#delays.get(blade.slot) ?? 0;
    const delay = lived > SOON ? 0 : Math.min(Math.max(before * 2, DELAY), LONGEST_DELAY);
    this.#delays.set(blade.slot, delay);
    blade.restarting++;
    if (before > 0 && delay > 0) await sleep(before);
    // One that ends before it runs is reported as dead, and comes by here again.
    this.#begun.set(blade.slot, clock());
    if (!this.#stopped) await this.#host.startBlade(blade).catch(() => {});
    blade.restarting--;
  }

  /** What dead blades had in their hands comes back, some time after they are buried. */
  #reclaim(): void {
    if (!this.#reclaimed) this.#reclaimed = this.#views.step();
    this.#host.fabric.pages.reclaim();
  }

  #lookAtHeartbeats(): void {
    const { fabric, clock, blades } = this.#host;
    const now = clock();
    const stood = now - this.#lookedAt;
    this.#lookedAt = now;
    // The whole process stood still (a debugger, a suspended machine): nobody is to blame for that.
    if (stood > this.#limits.heartbeat / 2) return;
    for (const blade of blades) {
      if (!blade.running) continue;
      // A heartbeat from before it began is its predecessor's.
      const since = this.#since.get(blade.slot) ?? now;
      const silent = now - Math.max(since, fabric.bladeNumber(blade.slot, BLADE_NUMBER.heartbeat));
      if (silent > this.#limits.heartbeat) blade.kill(`it gave no sign of life for ${Math.round(silent)} ms`);
      else if (silent > WATCH && !fabric.bells.sleeps(blade.slot)) void blade.lookAtHeap();
    }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
