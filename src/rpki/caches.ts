/**
 * All RPKI caches of the box, and the table that is in force: that of the most preferred cache which has told everything
 * (RFC 8210 10). Builds a new table when that changes, one at a time, and says what is different from the one before.
 */

import { buildVrpTable, type Rebuild, type Rebuilt } from './build.ts';
import { type CacheOptions, RtrClient } from './client.ts';
import { VrpTable } from './table.ts';

export interface TableEvents {
  /** Another table is in force. `changed` holds the VRPs that only one of the two has. */
  table(table: VrpTable, changed: VrpTable): void;
  tell(text: string): void;
}

/** Builds tables (build.ts), in a thread of the pool where that takes long. */
export type Builder = (given: Rebuild) => Promise<Rebuilt>;

export class RpkiCaches {
  clients: RtrClient[] = [];
  table = buildVrpTable(new Uint32Array(0), new Uint32Array(0));
  /** Whose table it is. */
  active: RtrClient | undefined;
  readonly #events: TableEvents;
  readonly #build: Builder;
  #building = false;
  #again = false;

  constructor(events: TableEvents, build: Builder) {
    this.#events = events;
    this.#build = build;
  }

  /** Caches that are configured as before go on; what others told is no longer used. */
  configure(options: readonly CacheOptions[]): void {
    const before = this.clients;
    this.clients = options
      .toSorted((a, b) => a.preference - b.preference)
      .map((each) => before.find((client) => same(client.options, each)) ?? this.#start(each));
    for (const client of before) if (!this.clients.includes(client)) client.stop();
    this.#renew();
  }

  stop(): void {
    for (const client of this.clients) client.stop();
  }

  #start(options: CacheOptions): RtrClient {
    const client = new RtrClient(options, {
      changed: () => this.#renew(),
      tell: (text) => this.#events.tell(text),
    });
    client.start();
    return client;
  }

  #renew(): void {
    this.#again = true;
    if (!this.#building) void this.#renewAll();
  }

  async #renewAll(): Promise<void> {
    this.#building = true;
    while (this.#again) {
      this.#again = false;
      const active = this.clients.find(({ usable }) => usable);
      if (active === undefined && this.active === undefined) continue;
      const none = new Uint32Array(0);
      const built = await this.#build({
        before: this.table.memory,
        rows4: active?.ipv4.rows() ?? none,
        rows6: active?.ipv6.rows() ?? none,
      });
      const table = new VrpTable(built.table);
      const changed = new VrpTable(built.changed);
      if (active !== this.active) this.#tellActive(active);
      this.active = active;
      this.table = table;
      if (changed.size4 + changed.size6 > 0) this.#events.table(table, changed);
    }
    this.#building = false;
  }

  #tellActive(active: RtrClient | undefined): void {
    const text =
      active === undefined
        ? 'RPKI: no cache can be believed; every route is not-found'
        : `RPKI: ${active.name} is in force, with ${active.ipv4.size} IPv4 and ${active.ipv6.size} IPv6 VRPs`;
    this.#events.tell(text);
  }
}

function same(a: CacheOptions, b: CacheOptions): boolean {
  return (
    a.address === b.address &&
    a.port === b.port &&
    a.localAddress === b.localAddress &&
    a.preference === b.preference &&
    a.refresh === b.refresh &&
    a.retry === b.retry &&
    a.expire === b.expire
  );
}
