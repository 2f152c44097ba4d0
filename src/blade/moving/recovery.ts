/**
 * What a blade does because another one is gone (docs/design.md, "When a blade dies"): it evaluates every prefix once more. That
 * finds whatever the dead one changed and had yet to tell, whatever session it was about, and the routes of orphans
 * that came here. A fresh blade begins with it, because its slot's Loc-RIB is still the dead one's.
 *
 *   losses ──→ begin: the circle from here once around ──→ some prefixes a turn ──→ swept (bladeWords)
 *
 * Until then the blade releases no session to a graft: while it may know less than the blade that the session goes to, nobody
 * could say what that one still has to look at for the session.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { BLADE_WORD } from '../../fabric/layout.ts';
import { presentIn } from '../../rib/presence.ts';
import type { Limits } from '../limits.ts';
import type { BladeNews } from '../messages.ts';
import type { Routes } from '../routes/routes.ts';

interface Coming {
  readonly attachedAt: number;
  readonly updatesSent: number;
  readonly evaluations: number;
  readonly records: number;
}

export class Recovery {
  /** Prefixes evaluated in sweeps, and records sent for them. */
  evaluations = 0;
  records = 0;
  readonly #fabric: Fabric;
  readonly #slot: number;
  readonly #routes: Routes;
  readonly #limits: Limits;
  readonly #news: (news: BladeNews) => void;
  /** Orphans that are still to be told something: by session, when they came, and the counters then. */
  readonly #orphans = new Map<number, Coming>();
  /** What BOX.losses was when the sweep began; -1: this blade has not swept at all. */
  #losses = -1;
  /** Next id, the one at which the circle ends, and whether the walk has been at the end of the ids since. */
  #cursor = 0;
  #end = 0;
  #around = false;
  #sweeping = false;

  constructor(fabric: Fabric, slot: number, routes: Routes, limits: Limits, news: (news: BladeNews) => void) {
    this.#news = news;
    this.#fabric = fabric;
    this.#slot = slot;
    this.#routes = routes;
    this.#limits = limits;
    fabric.setBladeWord(slot, BLADE_WORD.swept, 0);
  }

  /** This blade has found whatever those who are gone did not tell any more. */
  get complete(): boolean {
    return !this.#sweeping && this.#losses === this.#fabric.losses;
  }

  /** Evaluates every prefix once more, from the cursor around to the cursor; what was evaluated before does not count. */
  begin(): void {
    this.#losses = this.#fabric.losses;
    this.#routes.hopWalk.restart();
    this.#sweeping = true;
    this.#around = this.#cursor === 0;
    this.#end = this.#around ? Number.POSITIVE_INFINITY : this.#cursor;
  }

  /** A session goes on here; its group has sent so many UPDATEs. */
  took(session: number, attachedAt: number, updatesSent: number): void {
    const { evaluations, records } = this;
    this.#orphans.set(session, { attachedAt, updatesSent, evaluations, records });
  }

  /** Orphans are still to be told something. */
  get owing(): boolean {
    return this.#orphans.size > 0;
  }

  /** Its group is quiet: once all is evaluated, it has been told everything. */
  told(session: number, updatesSent: number): void {
    const then = this.#orphans.get(session);
    if (then === undefined || !this.complete) return;
    this.#orphans.delete(session);
    this.#news({
      kind: 'recovered',
      slot: this.#slot,
      session,
      attachedAt: then.attachedAt,
      decisionsRun: this.evaluations - then.evaluations,
      recordsSent: this.records - then.records,
      updatesSent: updatesSent - then.updatesSent,
    });
  }

  forget(session: number): void {
    this.#orphans.delete(session);
  }

  /** Goes on; true when there is more to do: once all is found, for whoever waited for that. */
  work(): boolean {
    if (this.#losses !== this.#fabric.losses) this.begin();
    if (!this.#sweeping) return false;
    const before = this.#routes.siblings.recordsSent;
    this.#sweep();
    this.records += this.#routes.siblings.recordsSent - before;
    return true;
  }

  #sweep(): void {
    const { prefixes } = this.#fabric;
    const used4 = prefixes.used4();
    const last = prefixes.used6();
    let id = this.#cursor;
    let evaluations = this.#limits.sweeps;
    for (let steps = 0; steps < this.#limits.walk && evaluations > 0; steps++, id++) {
      if (id >= used4 && id < prefixes.base6) id = prefixes.base6;
      if (this.#around && id >= Math.min(last, this.#end)) {
        this.#finish(id < last ? id : 0);
        return;
      }
      if (id >= last) {
        this.#around = true;
        id = 0;
      }
      if (presentIn(this.#fabric, id) === 0) continue;
      this.#routes.revisit(id);
      this.evaluations++;
      evaluations--;
    }
    this.#cursor = id;
  }

  #finish(id: number): void {
    this.#cursor = id;
    this.#sweeping = false;
    this.#fabric.setBladeWord(this.#slot, BLADE_WORD.swept, this.#losses + 1);
    this.#news({ kind: 'swept', slot: this.#slot });
  }
}
