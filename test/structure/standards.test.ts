/** The table of standards (docs/standards.md): in order, each with the tests that show it, and none that the sources speak of is left out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';

interface Row {
  /** For example "4271 9.1.2.2". */
  readonly standard: string;
  readonly what: string;
  readonly tests: readonly string[];
}

const rows: readonly Row[] = readFileSync('docs/standards.md', 'utf8')
  .split('\n')
  .map((line) => /^\| (?<standard>[^|]+) \| (?<what>.+) \| (?<tests>[^|]*) \|$/.exec(line)?.groups)
  .filter((groups) => groups !== undefined && groups.standard !== 'RFC')
  .map((groups) => ({
    standard: String(groups?.standard),
    what: String(groups?.what),
    tests: [...String(groups?.tests).matchAll(/`([^`]+)`/g)].map(([, name]) => String(name)),
  }));

/** What others are read for, and do not speak: words, registries, texts, what is given up or deprecated. */
const SPOKEN_OF_ONLY = [4291, 5291, 5396, 5952, 6810, 6890, 6996, 7300, 7311, 7611, 9384, 9774];

test('each line says what is supported, and names tests that are there', (t) => {
  t.true(rows.length > 40);
  for (const { standard, what, tests } of rows) {
    t.true(what.length > 5 && tests.length > 0, standard);
    for (const name of tests) {
      const place = path.join('test', name);
      const there = existsSync(`${place}.test.ts`) || (existsSync(place) && hasTests(place));
      t.true(there, `${standard}: there is no test "${name}"`);
    }
  }
});

test('the lines are in order, each once', (t) => {
  const keys = rows.map(({ standard }) => standard).filter((standard) => /^\d/.test(standard));
  const sorted = [...keys].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  t.deepEqual(keys, sorted);
  t.is(new Set(keys).size, keys.length);
});

test('what the sources cite has a line', (t) => {
  const told = new Set(rows.map(({ standard }) => Number.parseInt(standard, 10)));
  const cited = new Set<number>();
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(path.join('src', file), 'utf8');
    for (const [, number] of text.matchAll(/RFC (\d{4})\b/g)) cited.add(Number(number));
  }
  const missing = [...cited].filter((rfc) => !told.has(rfc) && !SPOKEN_OF_ONLY.includes(rfc));
  t.deepEqual(missing, []);
});

function hasTests(folder: string): boolean {
  return readdirSync(folder).some((file) => file.endsWith('.test.ts'));
}
