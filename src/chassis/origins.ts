/**
 * Route origin validation in the box: the RPKI caches of the configuration, the table of VRPs in force, and what an operator
 * is shown of both. Tables that take long to build are built in a thread of the pool.
 */
import { formatIpv4, formatIpv6Words } from '../base/address.ts';
import type { RpkiValues } from '../config/configuration.ts';
import { JobPool } from '../jobs/pool.ts';
import { OriginValidation, type TableInForce } from '../policy/validation.ts';
import { type Rebuild, type Rebuilt, rebuild } from '../rpki/build.ts';
import { RpkiCaches } from '../rpki/caches.ts';
import type { RtrClient } from '../rpki/client.ts';
import type { VrpTable } from '../rpki/table.ts';
import { log } from './log.ts';
import type { CacheRow, VrpRow } from './operations.ts';

/** Tables with more words than this are built elsewhere: less takes some milliseconds. */
const LARGE = 30_000;

export class Origins {
  readonly #caches: RpkiCaches;
  #pool: JobPool | undefined;
  /** As policies ask it, and as blades are told it. */
  readonly validation = new OriginValidation();

  /** `changed`: another table is in force; the other one holds the VRPs in which it differs. */
  constructor(changed: (inForce: TableInForce, changed: SharedArrayBuffer) => void) {
    const table = ({ memory }: VrpTable, differences: VrpTable): void => {
      this.validation.replace({ table: memory, generation: this.validation.generation + 1 });
      changed(this.inForce, differences.memory);
    };
    this.#caches = new RpkiCaches({ table, tell: log }, (given) => this.#build(given));
  }

  configure({ caches }: RpkiValues): void {
    this.#caches.configure(caches);
  }

  async stop(): Promise<void> {
    this.#caches.stop();
    await this.#pool?.close();
  }

  /** There are caches: validity means something. */
  get configured(): boolean {
    return this.#caches.clients.length > 0;
  }

  get inForce(): TableInForce {
    return { table: this.table.memory, generation: this.validation.generation };
  }

  get table(): VrpTable {
    return this.#caches.table;
  }

  rows(): CacheRow[] {
    return this.#caches.clients.map((client) => this.#row(client));
  }

  /** The VRPs that cover a prefix, the most specific first. */
  covering(address: readonly number[], length: number): VrpRow[] {
    return this.table.covering(address, length).map((vrp) => {
      const [a = 0, b = 0, c = 0, d = 0] = vrp.address;
      const text = vrp.address.length === 1 ? formatIpv4(a) : formatIpv6Words(a, b, c, d);
      return { prefix: `${text}/${vrp.length}`, maxLength: vrp.maxLength, as: vrp.as };
    });
  }

  #row(client: RtrClient): CacheRow {
    const { options, state, session, serial, version, ipv4, ipv6, updatedAt, lastError } = client;
    const { refresh, retry, expire } = client.timing;
    return {
      cache: client.name,
      preference: options.preference,
      state,
      active: client === this.#caches.active,
      version,
      ...(session === undefined ? {} : { session, serial }),
      ipv4Vrps: ipv4.size,
      ipv6Vrps: ipv6.size,
      ...(updatedAt === undefined ? {} : { secondsOld: Math.round((Date.now() - updatedAt) / 1000) }),
      refresh,
      retry,
      expire,
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  async #build(given: Rebuild): Promise<Rebuilt> {
    if (given.rows4.length + given.rows6.length < LARGE) return rebuild(given);
    this.#pool ??= new JobPool(1);
    return this.#pool.run('rebuildVrps', given);
  }
}
