/**
 * The chassis' part when a blade dies, at random moments: notices it, settles its grafts, buries it, divides what it leaves by
 * the real rules (src/chassis/estate.ts), and has a new one born in its slot.
 */
import type { BladeOrder } from '../../src/blade/messages.ts';
import { bury, divide, heirsAmong, settleGrafts } from '../../src/chassis/estate.ts';
import { ViewReclaimer } from '../../src/chassis/reclaim.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { BOX } from '../../src/fabric/layout.ts';
import type { SimulatedBlade } from './simulated-blade.ts';

export interface UndertakerWorld {
  readonly blades: SimulatedBlade[];
  /** A new blade in this slot. */
  bear(slot: number): void;
  trace(text: string): void;
}

export class Undertaker {
  deaths = 0;
  readonly #fabric: Fabric;
  readonly #world: UndertakerWorld;
  /** Slots whose blade is dead, and is buried. */
  readonly #buried = new Set<number>();
  #waiting: number[] = [];
  #undone: BladeOrder[] = [];
  readonly #views: ViewReclaimer;
  #reclaimed = true;

  constructor(fabric: Fabric, world: UndertakerWorld) {
    this.#fabric = fabric;
    this.#world = world;
    this.#views = new ViewReclaimer(fabric);
  }

  /** Nobody is dead, and no session is nobody's. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#world.blades.every((blade) => !blade.dead);
  }

  /** Nobody is in this slot. */
  vacant(slot: number): boolean {
    return this.#buried.has(slot);
  }

  /** An order about a session that has no home at the moment. */
  keep(order: BladeOrder): void {
    this.#undone.push(order);
  }

  /** A blade has evaluated everything. */
  swept(): void {
    this.#reclaimed = false;
  }

  /** The chassis looks for out views that nobody needs, and gives back pages that it freed; true when it found some. */
  reclaim(): boolean {
    this.#fabric.pages.reclaim();
    if (this.#reclaimed) return false;
    this.#reclaimed = this.#views.step();
    return !this.#reclaimed;
  }

  /** One step of one burial; true when something was done. */
  step(): boolean {
    for (const blade of this.#world.blades) {
      if (!blade.dead) continue;
      if (this.#buried.has(blade.slot)) return this.#bear(blade.slot);
      if (this.#bury(blade)) return true;
    }
    return false;
  }

  #bury(blade: SimulatedBlade): boolean {
    const { slot } = blade;
    if (!settleGrafts(this.#fabric, slot)) return false;
    this.deaths++;
    this.#undone.push(...blade.undone.filter(({ kind }) => kind === 'clear' || kind === 'refresh'));
    const orphans = bury(this.#fabric, slot);
    this.#buried.add(slot);
    this.#reclaimed = false;
    this.#world.trace(`chassis: blade ${slot} is buried, orphans ${orphans.join(' ')}`);
    this.#waiting.push(...orphans);
    this.#divide();
    for (const other of this.#world.blades) this.#fabric.bells.ring(other.slot);
    return true;
  }

  #bear(slot: number): boolean {
    this.#buried.delete(slot);
    this.#world.bear(slot);
    Atomics.or(this.#fabric.box, BOX.running, 1 << slot);
    this.#world.trace(`chassis: blade ${slot} is born`);
    this.#divide();
    return true;
  }

  #divide(): void {
    const living = this.#world.blades.filter((blade) => !this.#buried.has(blade.slot));
    if (living.length === 0 || this.#waiting.length === 0) return;
    const heirs = heirsAmong(
      this.#fabric,
      living.map(({ slot }) => slot),
    );
    const shares = divide(this.#fabric, this.#waiting.splice(0), heirs);
    for (const [slot, sessions] of shares) {
      this.#world.trace(`chassis: blade ${slot} is given ${sessions.join(' ')}`);
      const orphans = sessions.map((session) => ({ session }));
      this.#world.blades[slot]?.order({ kind: 'orphans', orphans });
    }
    for (const order of this.#undone.splice(0)) {
      if ('session' in order && typeof order.session === 'number')
        this.#world.blades[this.#fabric.homeOf(order.session)]?.order(order);
    }
  }
}
