/**
 * Maintenance of blades while the router runs: emptied, given back, replaced, made to fail on purpose, more or fewer of them.
 * Sessions are grafted out of the way first, so that nobody outside notices. One operation at a time.
 *
 *   restart:  drain ─→ a fresh worker in the slot ─→ it has evaluated everything ─→ its sessions come back
 *   scale up: siblings tell the new one what changes ─→ its worker        scale down: drain ─→ its worker ends, siblings forget it
 */
import { BLADE_WORD, BOX } from '../fabric/layout.ts';
import type { BladeHandle } from './blade-handle.ts';
import type { Chassis, SessionEntry } from './chassis.ts';
import {
  type DrainReport,
  type FaultKind,
  type GraftReport,
  OperationError,
  type ScaleReport,
} from './operations.ts';
import { Trouble } from './trouble.ts';

/** Milliseconds that a blade may take to start, to evaluate everything, or to be seen to be dead. */
const PATIENCE = 60_000;
/** Milliseconds between two looks whether sessions are left on drained blades. */
const TIDY = 1000;

/** Moves a session, as the operator would. */
type Mover = (entry: SessionEntry, to: number, reason: string) => Promise<GraftReport>;

export class Maintenance {
  readonly #chassis: Chassis;
  readonly #move: Mover;
  #busy: Promise<unknown> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;
  #tidying = false;

  constructor(chassis: Chassis, move: Mover) {
    this.#chassis = chassis;
    this.#move = move;
    this.#timer = setInterval(() => this.#tidy(), TIDY).unref();
  }

  /**
   * Sessions come to a drained blade when all others are dead, and some may not have left it when it was drained: they go as soon
   * as there is another one.
   */
  #tidy(): void {
    const { blades, stopping } = this.#chassis;
    if (stopping) clearInterval(this.#timer);
    if (this.#tidying || stopping) return;
    const left = blades.filter(
      (blade) => blade.running && blade.drained && this.#chassis.sessionsOn(blade.slot).length > 0,
    );
    if (left.length === 0 || blades.every((blade) => blade.drained || !this.#knowsAll(blade))) return;
    this.#tidying = true;
    const empty = async (): Promise<void> => {
      // It may have been given back meanwhile.
      for (const blade of left)
        if (blade.running && blade.drained) await this.#empty(blade, `blade ${blade.slot} is drained`);
    };
    this.#alone(empty)
      .catch(() => {})
      .finally(() => {
        this.#tidying = false;
      });
  }

  /** Empties a blade: its sessions go where there is least to do. */
  drain(slot: number): Promise<DrainReport> {
    return this.#alone(async () => {
      const blade = this.#running(slot);
      this.#others(blade);
      blade.drained = true;
      return { blade: slot, grafts: await this.#empty(blade, `drain of blade ${slot}`) };
    });
  }

  undrain(slot: number): void {
    this.#chassis.blade(slot).drained = false;
  }

  /** Replaces the worker of a blade, loading its code afresh. */
  restart(slot: number): Promise<DrainReport> {
    return this.#alone(async () => {
      const blade = this.#running(slot);
      this.#others(blade);
      const { drained } = blade;
      blade.drained = true;
      const reason = `restart of blade ${slot}`;
      let grafts: GraftReport[];
      try {
        grafts = await this.#empty(blade, reason);
        await this.#chassis.recovery.replace(blade);
        await this.#until(`blade ${slot} does not start`, () => this.#knowsAll(blade));
      } finally {
        blade.drained = drained;
      }
      if (!drained) await this.#bringBack(grafts, slot, reason);
      return { blade: slot, grafts };
    });
  }

  /** How many blades there are, from now on until the chassis is started again. */
  scale(blades: number): Promise<ScaleReport> {
    return this.#alone(async () => {
      const chassis = this.#chassis;
      const before = chassis.blades.length;
      const most = chassis.fabric.options.blades;
      if (blades > most)
        throw new OperationError(`${blades} blades are more than memory was reserved for: ${most}`);
      const grafts: GraftReport[] = [];
      while (chassis.blades.length < blades) await this.#add();
      while (chassis.blades.length > blades) grafts.push(...(await this.#removeLast()));
      return { before, after: chassis.blades.length, grafts };
    });
  }

  /** Rehearses a failure; resolves when the blade was seen to be dead. */
  fault(slot: number, kind: FaultKind): Promise<void> {
    return this.#alone(async () => {
      if (!this.#chassis.configuration.chassis.allowFaults) {
        throw new OperationError(
          'faults are not allowed here; "allow-faults: true" in the chassis section allows them',
        );
      }
      const blade = this.#running(slot);
      const { deaths } = blade;
      blade.order({ kind: 'fail', fault: kind });
      await this.#until(`blade ${slot} does not die`, () => blade.deaths > deaths);
    });
  }

  async #add(): Promise<void> {
    const { fabric, blades } = this.#chassis;
    const slot = blades.length;
    Atomics.store(fabric.box, BOX.blades, slot + 1);
    for (const { slot: other } of blades) fabric.bells.ring(other);
    // What changes while the new one looks at everything must be told to it.
    await this.#until('a blade does not answer', () =>
      blades.every((blade) => !blade.running || fabric.bladeWord(blade.slot, BLADE_WORD.tells) > slot),
    );
    const blade = await this.#chassis.addBlade(slot);
    await this.#until(`blade ${slot} does not start`, () => this.#knowsAll(blade));
  }

  async #removeLast(): Promise<GraftReport[]> {
    const chassis = this.#chassis;
    const blade = this.#running(chassis.blades.length - 1);
    this.#others(blade);
    const { drained } = blade;
    blade.drained = true;
    let grafts: GraftReport[];
    try {
      grafts = await this.#empty(blade, `${chassis.blades.length - 1} blades from now on`);
    } catch (error) {
      blade.drained = drained;
      throw error;
    }
    await chassis.recovery.retire(blade);
    chassis.blades.pop();
    Atomics.store(chassis.fabric.box, BOX.blades, blade.slot);
    for (const { slot } of chassis.blades) chassis.fabric.bells.ring(slot);
    return grafts;
  }

  async #empty(blade: BladeHandle, reason: string): Promise<GraftReport[]> {
    const grafts: GraftReport[] = [];
    let failed: unknown;
    for (const entry of this.#chassis.sessionsOn(blade.slot)) {
      // It may be configured no longer.
      if (this.#chassis.table.find(entry.neighbor.address) !== entry) continue;
      const others = this.#others(blade);
      const to = this.#chassis.placeFor(entry, others);
      // If one cannot leave, the others leave all the same, and the first failure is reported at the end.
      await this.#move(entry, to, reason).then(
        (graft) => grafts.push(graft),
        (error) => {
          failed ??= error;
        },
      );
    }
    if (failed !== undefined && this.#chassis.sessionsOn(blade.slot).length > 0) throw failed;
    return grafts;
  }

  /** Those that left come back, and are added to what was done. */
  async #bringBack(grafts: GraftReport[], slot: number, reason: string): Promise<void> {
    const trouble = new Trouble();
    const left = [...grafts];
    for (const { neighbor } of left) {
      // It may be configured no longer.
      const entry = this.#chassis.table.find(neighbor);
      if (entry !== undefined)
        await trouble.keep(this.#chassis, entry, async () =>
          grafts.push(await this.#move(entry, slot, reason)),
        );
    }
    trouble.tell(`blade ${slot} was replaced, ${grafts.length - left.length} of ${left.length} came back`);
  }

  #running(slot: number): BladeHandle {
    const blade = this.#chassis.blade(slot);
    if (!blade.running) throw new OperationError(`blade ${slot} does not run at the moment`);
    return blade;
  }

  #others(blade: BladeHandle): BladeHandle[] {
    const others = this.#chassis.blades.filter((other) => other !== blade && other.running && !other.drained);
    if (others.length === 0)
      throw new OperationError(`blade ${blade.slot} cannot be drained: no other blade takes sessions`);
    return others;
  }

  #knowsAll(blade: BladeHandle): boolean {
    return blade.running && this.#chassis.fabric.bladeWord(blade.slot, BLADE_WORD.swept) > 0;
  }

  async #until(otherwise: string, done: () => boolean): Promise<void> {
    for (const deadline = performance.now() + PATIENCE; !done(); ) {
      if (performance.now() > deadline) throw new OperationError(otherwise);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy.then(work, work);
    this.#busy = mine.catch(() => {});
    return mine;
  }
}
