/**
 * What it costs to get to next hops (RFC 4271 9.1.2.1): by the prefixes of the configuration, and by the kernel's routes
 * where that is wanted. Looks now and then whether blades have met new ones, and writes the costs where all blades read them.
 *
 *   configuration ─┐
 *                  ├─ the longest prefix ─→ fabric/next-hops.ts ─→ blades look at the routes concerned (blade/hop-walk.ts)
 *   ip route ──────┘
 */
import type { NextHopValues } from '../config/configuration.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { KernelRoutes } from './kernel-routes.ts';
import { type Way, Ways, wayTo } from './ways.ts';

/** Milliseconds between two looks at what blades have met. */
const LOOK = 50;

export class NextHopCosts {
  readonly #fabric: Fabric;
  readonly #kernel: KernelRoutes | undefined;
  #configured: readonly Way[] = [];
  #ways = new Ways([]);
  #known = 0;
  #full = false;
  readonly #tell: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(fabric: Fabric, tell: (text: string) => void) {
    this.#fabric = fabric;
    this.#tell = tell;
    this.#kernel = fabric.hops === undefined ? undefined : new KernelRoutes(() => this.#order(), tell);
  }

  configure(values: NextHopValues | undefined): void {
    if (this.#fabric.hops === undefined || values === undefined) return;
    this.#configured = values.metrics.flatMap(({ prefix, metric }) => wayTo(prefix, metric) ?? []);
    if (values.kernel) this.#kernel?.start();
    else this.#kernel?.stop();
    this.#order();
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), LOOK);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#kernel?.stop();
  }

  /** Of two equal prefixes that of the configuration. */
  #order(): void {
    this.#ways = new Ways([...this.#configured, ...(this.#kernel?.ways ?? [])]);
    this.#resolve();
  }

  #look(): void {
    const { end } = this.#fabric.hops as NonNullable<Fabric['hops']>;
    const { limit } = this.#fabric.hops as NonNullable<Fabric['hops']>;
    if (end > limit && !this.#full) {
      this.#full = true;
      this.#tell(`the table of next hops is full (${limit}): new ones are taken as reached, at no cost`);
    }
    // Some are published a moment after they are counted: the last look was too early for them.
    if (end !== this.#known) this.#resolve();
  }

  #resolve(): void {
    const hops = this.#fabric.hops as NonNullable<Fabric['hops']>;
    const { end } = hops;
    let seen = 1;
    let any = false;
    for (const hop of hops.ids()) {
      seen++;
      const address = new Uint8Array(16);
      const view = new DataView(address.buffer);
      for (let i = 0; i < 4; i++) view.setInt32(4 * i, hops.keys[hop * 4 + i] as number);
      if (hops.set(hop, this.#ways.costOf(address))) any = true;
    }
    this.#known = seen >= end ? end : -1;
    if (!any) return;
    hops.changed();
    for (let slot = 0; slot < this.#fabric.blades; slot++) this.#fabric.bells.ring(slot);
  }
}
