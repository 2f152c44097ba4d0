/** Pages: what they link to is there, files and headings in them; so is what they name of sources, examples and commands. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';

const pages = [
  ...[
    'README.md',
    'bench/README.md',
    'bench/FINDINGS.md',
    'bench/METHOD.md',
    'src/ibgp-internal/README.md',
    'test/interop/README.md',
  ],
  ...readdirSync('docs').map((page) => `docs/${page}`),
];
const text = (file: string): string => readFileSync(file, 'utf8');

test('links lead to files, and to headings that are there', (t) => {
  for (const page of pages) {
    for (const [, link] of text(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [file, heading] = (link as string).split('#') as [string, string | undefined];
      if (/^https?:/.test(file)) continue;
      const target = file === '' ? page : path.join(path.dirname(page), file);
      t.true(existsSync(target), `${page}: ${link}`);
      if (heading !== undefined) t.true(anchors(target).includes(heading), `${page}: ${link}`);
    }
  }
});

test('source files that pages name are there', (t) => {
  for (const page of pages) {
    for (const [, name] of text(page).matchAll(/`([\w-]+\/[\w/.-]+\.ts)`/g)) {
      const places = ['', 'src', path.dirname(page), 'bench'].map((folder) =>
        path.join(folder, name as string),
      );
      t.true(places.some(existsSync), `${page}: ${name}`);
    }
  }
});

test('npm scripts that pages name are there', (t) => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  for (const page of pages)
    for (const [, name] of text(page).matchAll(/npm run\s+([\w:-]+)/g))
      t.true((name as string) in scripts, `${page}: npm run ${name}`);
});

test('lines of pages can be read: 160 characters at most, but for tables', (t) => {
  const longer = pages.flatMap((page) =>
    text(page)
      .split('\n')
      .flatMap((line, i) => (line.length > 160 && !line.startsWith('|') ? `${page}:${i + 1}` : [])),
  );
  t.deepEqual(longer, []);
});

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return [...text(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
