/**
 * What the chassis remembers across restarts: where each session was, the history of grafts, and counters over
 * time, in one SQLite file. The router does not depend on it: nothing here ever throws.
 *
 *    healthy ── a write fails (disk full, read-only, locked, …) ──> in memory, told once
 *       ^                                                              │
 *       └───────── the file takes all that was kept meanwhile ─────────┘   tried again every minute
 *
 *    damaged ──> the file is moved aside, a fresh one takes its place and what could still be read
 *
 * A database that a newer graftd or another program wrote is left alone, and so is a text: then memory is all there is.
 */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import type { GraftRow } from './operations.ts';
import {
  type CounterSample,
  ForeignDatabase,
  type SampleFilter,
  type StoredSample,
  type StoreLimits,
  StoreTables,
} from './store-tables.ts';

export type { CounterSample, SampleFilter, StoredSample } from './store-tables.ts';

export interface StoreOptions {
  /** Called once for each trouble, and once when it is over, with one line for the log. */
  readonly onTrouble?: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly limits?: Partial<StoreLimits>;
}

const LIMITS: StoreLimits = { grafts: 100_000, samples: 200_000, pages: 65_536 };
const RETRY_MILLISECONDS = 60_000;
/** Grafts and samples that memory keeps until the file can be written again. */
const MEMORY_LIMITS: StoreLimits = { grafts: 10_000, samples: 20_000, pages: 16_384 };

export class Store {
  readonly file: string;
  readonly #limits: StoreLimits;
  readonly #onTrouble: (text: string) => void;
  readonly #now: () => number;
  /** Undefined where SQLite cannot even be loaded, and after close. */
  #tables: StoreTables | undefined;
  #trouble: string | undefined;
  #retryAt = Number.POSITIVE_INFINITY;
  /** What the file does not know of, while only memory does; samples in memory are all of that kind. */
  #missedGrafts = 0;
  #forgotten = new Set<string>();

  constructor(file: string, options: StoreOptions = {}) {
    this.file = file;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#now = options.now ?? Date.now;
    try {
      this.#tables = new StoreTables(file, this.#limits);
    } catch (error) {
      this.#leaveFile(error);
    }
  }

  /** Whether what is written reaches the file. */
  get healthy(): boolean {
    return this.#trouble === undefined;
  }

  /** Why it does not, in words. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** By neighbour, the slot where its session was. */
  placements(): Map<string, number> {
    return this.#use((tables) => tables.placements(), new Map());
  }

  place(neighbor: string, slot: number): void {
    this.#use((tables) => tables.place(neighbor, slot), undefined);
    this.#forgotten.delete(neighbor);
  }

  forget(neighbor: string): void {
    this.#use((tables) => tables.forget(neighbor), undefined);
    if (!this.healthy) this.#forgotten.add(neighbor);
  }

  addGraft(graft: GraftRow): void {
    this.#use((tables) => tables.addGraft(graft), undefined);
    if (!this.healthy) this.#missedGrafts++;
  }

  /** The newest first. */
  grafts(limit: number): GraftRow[] {
    return this.#use((tables) => tables.grafts(limit), []);
  }

  /** The counters of this moment; to be called now and then, it also looks after the file. */
  addSamples(samples: readonly CounterSample[]): void {
    const time = this.#now();
    this.#lookAfterFile(time);
    const stored: StoredSample[] = samples.map((sample) => ({ ...sample, time }));
    this.#use((tables) => tables.addSamples(stored), undefined);
  }

  /** The oldest first. */
  samples(filter: SampleFilter): StoredSample[] {
    return this.#use((tables) => tables.samples(filter), []);
  }

  close(): void {
    if (this.#retryAt !== Number.POSITIVE_INFINITY) this.#tryFileAgain();
    this.#closeTables();
  }

  #use<T>(action: (tables: StoreTables) => T, otherwise: T): T {
    for (let attempt = 0; attempt < 2 && this.#tables !== undefined; attempt++) {
      try {
        return action(this.#tables);
      } catch (error) {
        this.#leaveFile(error);
      }
    }
    return otherwise;
  }

  /** SQLite does not notice that its file was deleted: it writes on into a file without a name. */
  #lookAfterFile(time: number): void {
    if (time >= this.#retryAt) this.#tryFileAgain();
    else if (this.healthy && this.#tables !== undefined && !existsSync(this.file)) {
      const rescued = this.#rescue();
      this.#closeTables();
      this.#startFresh('was removed', rescued);
    }
  }

  /** Goes on without the file, or with a fresh one in the place of a damaged one. */
  #leaveFile(error: unknown): void {
    const rescued = this.#rescue();
    this.#closeTables();
    if (this.healthy && isDamage(error, this.file))
      this.#startFresh(`was damaged (${words(error)})`, rescued);
    else this.#goOnInMemory(error, rescued);
  }

  #startFresh(what: string, rescued: Rescued): void {
    try {
      const aside = moveAside(this.file, new Date(this.#now()));
      this.#tables = new StoreTables(this.file, this.#limits);
      rescued.into(this.#tables);
      const kept = aside === undefined ? '' : ` and is now ${aside}`;
      this.#onTrouble(`the database ${this.file} ${what}${kept}; a fresh one is used`);
    } catch (error) {
      this.#closeTables();
      this.#goOnInMemory(error, rescued);
    }
  }

  #goOnInMemory(error: unknown, rescued: Rescued): void {
    if (this.healthy) {
      const hopeless = error instanceof ForeignDatabase;
      this.#retryAt = hopeless ? Number.POSITIVE_INFINITY : this.#now() + RETRY_MILLISECONDS;
      this.#trouble = `the database ${this.file} cannot be used: ${words(error)}; placement and history are kept in memory only`;
      this.#onTrouble(this.#trouble);
    }
    try {
      this.#tables = new StoreTables(':memory:', MEMORY_LIMITS);
      rescued.into(this.#tables);
    } catch {
      // SQLite itself cannot be loaded, or memory is full: nothing is remembered, and the router routes on.
      this.#closeTables();
    }
  }

  /** What memory got meanwhile goes into the file, all of it or nothing. */
  #tryFileAgain(): void {
    this.#retryAt = this.#now() + RETRY_MILLISECONDS;
    let tables: StoreTables | undefined;
    try {
      tables = new StoreTables(this.file, this.#limits);
      this.#catchUp(tables);
    } catch {
      tables?.close();
      return;
    }
    this.#closeTables();
    this.#tables = tables;
    this.#retryAt = Number.POSITIVE_INFINITY;
    this.#trouble = undefined;
    this.#missedGrafts = 0;
    this.#forgotten.clear();
    this.#onTrouble(`the database ${this.file} can be used again`);
  }

  #catchUp(tables: StoreTables): void {
    const memory = this.#tables;
    if (memory === undefined) return;
    tables.together(() => {
      for (const neighbor of this.#forgotten) tables.forget(neighbor);
      for (const [neighbor, slot] of memory.placements()) tables.place(neighbor, slot);
      for (const graft of memory.grafts(this.#missedGrafts).toReversed()) tables.addGraft(graft);
      tables.addSamples(memory.allSamples());
    });
  }

  /** What can still be read of the connection that is given up. */
  #rescue(): Rescued {
    const tables = this.#tables;
    const tried = <T>(read: () => T | undefined, otherwise: T): T => {
      try {
        return read() ?? otherwise;
      } catch {
        return otherwise;
      }
    };
    const placements = tried(() => tables?.placements(), new Map<string, number>());
    const grafts = tried(() => tables?.grafts(MEMORY_LIMITS.grafts), []);
    return {
      into(other) {
        for (const [neighbor, slot] of placements) other.place(neighbor, slot);
        for (const graft of grafts.toReversed()) other.addGraft(graft);
      },
    };
  }

  #closeTables(): void {
    try {
      this.#tables?.close();
    } catch {
      // It is given up, whether it could be closed or not.
    }
    this.#tables = undefined;
  }
}

interface Rescued {
  into(tables: StoreTables): void;
}

function isDamage(error: unknown, file: string): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return false;
  return code.startsWith('SQLITE_CORRUPT') || (code.startsWith('SQLITE_NOTADB') && !isText(file));
}

/** Somebody's words, as a configuration, were never a database: "state" names the wrong file. */
function isText(file: string): boolean {
  try {
    const start = readFileSync(file).subarray(0, 64);
    return start.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
  } catch {
    return false;
  }
}

/** With what SQLite keeps beside the file; the new name, or undefined where the file is gone. */
function moveAside(file: string, time: Date): string | undefined {
  const aside = `${file}.damaged-${time.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const parts = ['', '-wal', '-shm'].filter((suffix) => existsSync(file + suffix));
  for (const suffix of parts) renameSync(file + suffix, aside + suffix);
  return parts.includes('') ? aside : undefined;
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
