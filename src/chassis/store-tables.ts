/**
 * The tables of the database and the statements on them, on one open connection. Every method may throw what
 * SQLite throws; store.ts decides what becomes of that.
 *
 *    placement   neighbor -> slot                        where each session is
 *    graft       one row a graft, as GraftRow            the history, limited
 *    sample      counters by time, of a session or blade limited
 */
import type { GraftResult, GraftRow } from './operations.ts';
import { Database } from './sqlite.ts';

/** The counters of a session or a blade at one time. */
export interface CounterSample {
  readonly kind: 'session' | 'blade';
  /** The neighbour's address, or the slot. */
  readonly name: string;
  readonly routes: number;
  readonly updatesReceived: number;
  readonly updatesSent: number;
  readonly cpuMicroseconds: number;
}

export interface StoredSample extends CounterSample {
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface SampleFilter {
  readonly kind: CounterSample['kind'];
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface StoreLimits {
  readonly grafts: number;
  readonly samples: number;
  /** Pages of 4 KiB that the file may have. */
  readonly pages: number;
}

/** "grft": tells our databases from those of other programs. */
const APPLICATION_ID = 0x67726674;
/** Milliseconds that a statement waits for another process to unlock the file; the router waits with it. */
const LOCK_PATIENCE = 100;

/** Each brings the schema from its index to the next version (user_version). Never change one, add one. */
const MIGRATIONS = [
  `CREATE TABLE placement (neighbor TEXT PRIMARY KEY, slot INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE graft (
     id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, planned INTEGER NOT NULL, result TEXT NOT NULL,
     reason TEXT, neighbor TEXT NOT NULL, "from" INTEGER NOT NULL, "to" INTEGER NOT NULL, routes INTEGER NOT NULL,
     totalMicroseconds REAL NOT NULL, pauseMicroseconds REAL NOT NULL, decisionsRun INTEGER NOT NULL,
     fabricUpdatesSent INTEGER NOT NULL, neighborUpdatesSent INTEGER NOT NULL);
   CREATE TABLE sample (
     id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
     routes INTEGER NOT NULL, updatesReceived INTEGER NOT NULL, updatesSent INTEGER NOT NULL,
     cpuMicroseconds REAL NOT NULL);
   CREATE INDEX sampleOf ON sample (kind, name, time);`,
];

/** A database that is whole, but not one that this graftd may write to. */
export class ForeignDatabase extends Error {}

type GraftRecord = Omit<GraftRow, 'planned' | 'reason'> & { planned: number; reason: string | null };

export class StoreTables {
  readonly #database: Database;
  readonly #limits: StoreLimits;
  readonly #statements: ReturnType<typeof prepare>;

  /** Opens `file` (`:memory:` for none), checks it, and brings its schema up to date. */
  constructor(file: string, limits: StoreLimits) {
    const database = new Database(file, { timeout: LOCK_PATIENCE });
    try {
      open(database, limits.pages);
      this.#statements = prepare(database);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
    this.#limits = limits;
  }

  placements(): Map<string, number> {
    const rows = this.#statements.placements.all() as { neighbor: string; slot: number }[];
    return new Map(rows.map((row) => [row.neighbor, row.slot]));
  }

  place(neighbor: string, slot: number): void {
    this.#statements.place.run(neighbor, slot);
  }

  forget(neighbor: string): void {
    this.#statements.forget.run(neighbor);
  }

  addGraft(graft: GraftRow): void {
    this.#database.transaction(() => {
      this.#statements.addGraft.run({
        ...graft,
        planned: graft.planned ? 1 : 0,
        reason: graft.reason ?? null,
      });
      this.#statements.limitGrafts.run(this.#limits.grafts);
    })();
  }

  /** The newest first. */
  grafts(limit: number): GraftRow[] {
    return (this.#statements.grafts.all(limit) as GraftRecord[]).map(({ planned, reason, ...row }) => ({
      ...row,
      result: row.result as GraftResult,
      planned: planned === 1,
      ...(reason === null ? {} : { reason }),
    }));
  }

  addSamples(samples: readonly StoredSample[]): void {
    this.#database.transaction(() => {
      for (const sample of samples) this.#statements.addSample.run(sample);
      this.#statements.limitSamples.run(this.#limits.samples);
    })();
  }

  /** The oldest first. */
  samples(filter: SampleFilter): StoredSample[] {
    return this.#statements.samples.all(filter) as StoredSample[];
  }

  /** Of all sessions and blades, the oldest first. */
  allSamples(): StoredSample[] {
    return this.#statements.allSamples.all() as StoredSample[];
  }

  /** All or nothing. */
  together(action: () => void): void {
    this.#database.transaction(action)();
  }

  close(): void {
    this.#database.close();
  }
}

function open(database: Database, pages: number): void {
  const damage = database.pragma('quick_check(1)', { simple: true });
  if (damage !== 'ok') throw new Database.SqliteError(String(damage), 'SQLITE_CORRUPT');
  const version = database.pragma('user_version', { simple: true }) as number;
  refuseForeign(database, version);
  database.pragma('journal_mode = WAL');
  // In WAL mode this is safe against a crash of graftd; the last moments before a power failure may be lost.
  database.pragma('synchronous = NORMAL');
  database.pragma(`max_page_count = ${pages}`);
  database
    .transaction(() => {
      for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${MIGRATIONS.length}`);
    })
    .immediate();
}

function refuseForeign(database: Database, version: number): void {
  if (version > MIGRATIONS.length) {
    throw new ForeignDatabase(
      `a newer graftd wrote it (schema ${version}, this one knows ${MIGRATIONS.length})`,
    );
  }
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  const owner = database.pragma('application_id', { simple: true });
  if (tables > 0 && owner !== APPLICATION_ID)
    throw new ForeignDatabase('it is the database of another program');
}

// biome-ignore format: one line a statement
function prepare(database: Database) {
  return {
    placements: database.prepare('SELECT neighbor, slot FROM placement'),
    place: database.prepare('INSERT INTO placement VALUES (?, ?) ON CONFLICT (neighbor) DO UPDATE SET slot = excluded.slot WHERE slot <> excluded.slot'),
    forget: database.prepare('DELETE FROM placement WHERE neighbor = ?'),
    addGraft: database.prepare(`INSERT INTO graft (${GRAFT_COLUMNS}) VALUES (@time, @planned, @result, @reason, @neighbor, @from, @to, @routes, @totalMicroseconds, @pauseMicroseconds, @decisionsRun, @fabricUpdatesSent, @neighborUpdatesSent)`),
    limitGrafts: database.prepare('DELETE FROM graft WHERE id <= (SELECT max(id) FROM graft) - ?'),
    grafts: database.prepare(`SELECT ${GRAFT_COLUMNS} FROM graft ORDER BY id DESC LIMIT ?`),
    addSample: database.prepare(`INSERT INTO sample (${SAMPLE_COLUMNS}) VALUES (@time, @kind, @name, @routes, @updatesReceived, @updatesSent, @cpuMicroseconds)`),
    limitSamples: database.prepare('DELETE FROM sample WHERE id <= (SELECT max(id) FROM sample) - ?'),
    samples: database.prepare(`SELECT ${SAMPLE_COLUMNS} FROM sample WHERE kind = @kind AND name = @name AND time >= @since ORDER BY time, id`),
    allSamples: database.prepare(`SELECT ${SAMPLE_COLUMNS} FROM sample ORDER BY id`),
  };
}

const GRAFT_COLUMNS =
  'time, planned, result, reason, neighbor, "from", "to", routes, totalMicroseconds, pauseMicroseconds, decisionsRun, fabricUpdatesSent, neighborUpdatesSent';
const SAMPLE_COLUMNS = 'time, kind, name, routes, updatesReceived, updatesSent, cpuMicroseconds';
