/**
 * What it costs to get to next hops (RFC 4271 9.1.2.1): by the prefixes of the configuration, and by the kernel's routes
 * where that is wanted. Looks now and then whether blades have met new ones, and writes the costs where all blades read them.
 *
 *   configuration ─┐
 *                  ├─ the longest prefix ─→ fabric/next-hops.ts ─→ blades look at the routes concerned (blade/routes/hop-walk.ts)
 *   ip route ──────┘
 */
import type { NextHopValues } from '../config/configuration.ts';
import type { Fabric } from '../fabric/fabric.ts';
import type { NextHops } from '../fabric/next-hops.ts';
import { KernelRoutes } from './kernel-routes.ts';
import { type Way, Ways, wayTo } from './ways.ts';

/** Milliseconds between two looks at what blades have met. */
const LOOK = 50;

export class NextHopCosts {
  readonly #fabric: Fabric;
  readonly #kernel: KernelRoutes | undefined;
  #configured: readonly Way[] = [];
  #ways = new Ways([]);
  /** What the last look knew: next hops that had been met, and deaths, as one may have died between the table and counting. */
  #met = 0;
  #losses = 0;
  /** By next hop, of what address it was then, at what cost, and by which ways. */
  readonly #keys: Int32Array;
  readonly #costs: Uint32Array;
  readonly #by: Int32Array;
  #waysNumber = 1;
  #full = false;
  readonly #tell: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(fabric: Fabric, tell: (text: string) => void) {
    this.#fabric = fabric;
    this.#tell = tell;
    const ids = (fabric.hops?.pool.limit ?? 0) + 1;
    this.#keys = new Int32Array(ids * 4);
    this.#costs = new Uint32Array(ids);
    this.#by = new Int32Array(ids);
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
    this.#waysNumber++;
    this.#resolve();
  }

  #look(): void {
    const { met, pool } = this.#fabric.hops as NextHops;
    const full = pool.room === 0;
    if (full && !this.#full)
      this.#tell(`the table of next hops is full (${pool.limit}): new ones are taken as reached, at no cost`);
    this.#full = full;
    if (met !== this.#met || this.#fabric.losses !== this.#losses) this.#resolve();
  }

  #resolve(): void {
    const hops = this.#fabric.hops as NextHops;
    this.#met = hops.met;
    this.#losses = this.#fabric.losses;
    let any = false;
    for (const hop of hops.ids()) {
      if (this.#isKnown(hops, hop)) continue;
      const address = new Uint8Array(16);
      const view = new DataView(address.buffer);
      for (let i = 0; i < 4; i++) {
        view.setInt32(4 * i, hops.keys[hop * 4 + i] as number);
        this.#keys[hop * 4 + i] = hops.keys[hop * 4 + i] as number;
      }
      const cost = this.#ways.costOf(address);
      this.#costs[hop] = cost;
      this.#by[hop] = this.#waysNumber;
      if (hops.set(hop, cost)) any = true;
    }
    if (!any) return;
    hops.changed();
    for (let slot = 0; slot < this.#fabric.blades; slot++) this.#fabric.bells.ring(slot);
  }

  /** Looked at by the ways of now, and the same since. */
  #isKnown({ keys, metrics }: NextHops, hop: number): boolean {
    if (this.#by[hop] !== this.#waysNumber || metrics[hop] !== this.#costs[hop]) return false;
    for (let at = hop * 4; at < hop * 4 + 4; at++) if (keys[at] !== this.#keys[at]) return false;
    return true;
  }
}
