/**
 * SQLite. From Node.js 24.19 on better-sqlite3 12 ends the process when a statement is collected as garbage (its objects are of a
 * kind that Node.js changed); 13 has others, and does not run on Node.js 20. So there are both, and npm leaves out the second one where it
 * would not run.
 */
import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

const require = createRequire(import.meta.url);

function load(): typeof BetterSqlite3 {
  if (Number.parseInt(process.versions.node, 10) >= 22) {
    try {
      return require('better-sqlite3-node22') as typeof BetterSqlite3;
    } catch (error) {
      // An optional dependency that was left out: the other one serves as well, but for what stands above.
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return require('better-sqlite3') as typeof BetterSqlite3;
}

export const Database = load();
export type Database = BetterSqlite3.Database;
