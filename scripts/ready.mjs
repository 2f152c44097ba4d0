// Makes a fresh clone ready to run: installs what is missing, builds when a source is newer than the build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`graftd needs Node.js 20.19 or later; this is ${process.version}.`);
  process.exit(1);
}

function run(what, command, args) {
  console.error(what);
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) {
    console.error(`graftd: "${[command, ...args].join(' ')}" failed; see above.`);
    process.exit(1);
  }
}

/** Newest modification time below a folder, in milliseconds. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      time = Math.max(time, statSync(path.join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
  }
  return time;
}

/** The native part has to load: a copied node_modules, or one of another Node.js, is rebuilt. From Node.js 22 on it is another one's. */
function sqliteLoads() {
  const require = createRequire(path.join(root, 'package.json'));
  return (major >= 22 ? ['better-sqlite3-node22', 'better-sqlite3'] : ['better-sqlite3']).some((name) => {
    try {
      const Database = require(name);
      new Database(':memory:').close();
      return true;
    } catch {
      return false;
    }
  });
}

const lock = path.join(root, 'package-lock.json');
const installed = path.join(root, 'node_modules/.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  // Not `npm ci`: that refuses a lock file made where a package for another platform could not be had.
  run('Installing packages (compiling better-sqlite3 can take three minutes) …', 'npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
  ]);
}
if (!sqliteLoads()) {
  run('Compiling better-sqlite3 for this Node.js (this can take three minutes) …', 'npm', [
    'rebuild',
    'better-sqlite3',
  ]);
}

const built = path.join(root, 'dist/.built');
const sources = Math.max(...['src', 'test', 'bench'].map((folder) => newest(path.join(root, folder))));
if (
  !existsSync(built) ||
  statSync(built).mtimeMs < Math.max(sources, statSync(path.join(root, 'tsconfig.json')).mtimeMs)
) {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  run('Building …', process.execPath, [
    path.join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.json',
  ]);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(built, '');
}
