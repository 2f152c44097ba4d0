import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';

const ROOT = path.resolve('src');

/** What each folder may import, besides itself: what stands below it. Nothing imports upwards. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  base: [],
  bgp: ['base'],
  fabric: ['base'],
  rib: ['base', 'bgp', 'fabric'],
  policy: ['base', 'bgp', 'fabric', 'rib', 'rpki'],
  'ibgp-internal': ['base', 'fabric', 'rib'],
  mrt: ['base', 'bgp'],
  rpki: ['base'],
  frr: ['base'],
  config: ['base', 'bgp', 'policy', 'rpki'],
  linecard: ['base', 'fabric'],
  blade: ['base', 'bgp', 'fabric', 'rib', 'ibgp-internal', 'policy', 'rpki'],
  chassis: ['base', 'bgp', 'fabric', 'rib', 'policy', 'config', 'blade', 'linecard', 'mrt', 'rpki', 'jobs'],
  // The laboratory is the neighbours of the box; its demonstration is a program, beside the commands.
  lab: ['base', 'bgp', 'mrt'],
  jobs: ['base', 'bgp', 'config', 'mrt', 'rpki', 'lab'],
  'lab/demo': ['base', 'bgp', 'mrt', 'lab', 'jobs', 'config', 'chassis', 'fabric', 'cli'],
  // Remote commands reach the chassis by its control socket only: see the test of the edges.
  cli: ['base', 'config', 'chassis', 'frr', 'lab/demo'],
};

/** What the command line may know of the chassis: the socket and the shape of the answers. */
const EDGE = ['chassis/operations.ts', 'chassis/control/'];

/** What other parts may know of a part that runs in a thread of its own: its messages, and pure functions. */
const THREADED: Readonly<Record<string, readonly string[]>> = {
  blade: ['blade/messages.ts'],
  linecard: ['linecard/messages.ts', 'linecard/address-words.ts'],
};

interface Import {
  /** Both relative to src/. */
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
  readonly dynamic: boolean;
}

const files = (readdirSync(ROOT, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(path.sep).join('/'));
const text = new Map(files.map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]));

const STATEMENT = /^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)';|^import\s+'([^']+)';/gm;
const DYNAMIC = /\b(?:import|load<[^>]*>|entry)\(\s*(?:import\.meta\.url,\s*)?'(\.[^']+)'/g;

const imports: Import[] = files.flatMap((file) => {
  const source = text.get(file) as string;
  const resolve = (target: string): string =>
    path.posix.join(path.posix.dirname(file), target).replace(/\.js$/, '.ts');
  const found = [...source.matchAll(STATEMENT)].flatMap((match) => {
    const target = match[2] ?? match[3] ?? '';
    if (!target.startsWith('.')) return [];
    return [{ from: file, to: resolve(target), typesOnly: match[1] !== undefined, dynamic: false }];
  });
  const late = [...withoutComments(source).matchAll(DYNAMIC)].map((match) => ({
    from: file,
    to: resolve(match[1] as string),
    typesOnly: false,
    dynamic: true,
  }));
  return [...found, ...late];
});

function shown({ from, to }: Import): string {
  return `${from} imports ${to}`;
}

function folderOf(file: string): string {
  if (file === 'lab/demo.ts') return 'lab/demo';
  const [first, second] = file.split('/');
  return `${first}/${second}` in BELOW ? `${first}/${second}` : (first as string);
}

test('every import leads to a file, by its whole name', (t) => {
  t.true(files.length > 60 && imports.length > 200, 'the test sees the sources');
  for (const { from, to, dynamic } of imports) {
    if (dynamic && !to.endsWith('.ts')) continue;
    t.true(text.has(to), `${from} imports ${to}, which is not there`);
  }
});

test('nothing imports upwards', (t) => {
  t.deepEqual(
    files.filter((file) => !(folderOf(file) in BELOW)),
    [],
    'folders without a place',
  );
  const upwards = imports.filter(({ from, to }) => {
    const [a, b] = [folderOf(from), folderOf(to)];
    return a !== b && !(BELOW[a] ?? []).includes(b);
  });
  t.deepEqual(upwards.map(shown), []);
});

test('no two files import each other, around any number of corners, but for their types', (t) => {
  const next = new Map<string, string[]>();
  for (const { from, to, typesOnly, dynamic } of imports)
    if (!typesOnly && !dynamic) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, way: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...way.slice(way.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const target of next.get(file) ?? []) visit(target, [...way, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  t.deepEqual(cycles, []);
});

test('fabric knows memory and no BGP; bgp knows BGP and no threads, sockets or clocks', (t) => {
  const words = /\b(bgp|nlri|as_?path|update message|med|next_?hop|local_?pref)\b/i;
  for (const file of files.filter((name) => name.startsWith('fabric/'))) {
    const code = withoutComments(text.get(file) as string);
    t.false(words.test(code), `${file} speaks of ${words.exec(code)?.[0]}`);
  }
  const forbidden =
    /node:|Atomics|SharedArrayBuffer|performance\.|Date\.now|new Date|setTimeout|setInterval|Math\.random|process\./;
  for (const file of files.filter((name) => name.startsWith('bgp/') || name.startsWith('rib/'))) {
    const code = withoutComments(text.get(file) as string).replaceAll(
      /Atomics/g,
      file.startsWith('rib/') ? '' : '$&',
    );
    t.false(forbidden.test(code), `${file} uses ${forbidden.exec(code)?.[0]}`);
  }
});

test('time and chance are arguments in blades: only the file that starts the thread takes the machine’s', (t) => {
  const forbidden = /performance\.|Date\.now|setTimeout|setInterval|Math\.random|monotonicMilliseconds/;
  const parts = ['blade/', 'ibgp-internal/', 'rib/', 'fabric/', 'policy/'];
  for (const file of files) {
    if (!parts.some((part) => file.startsWith(part)) || file === 'blade/main.ts') continue;
    t.false(
      forbidden.test(withoutComments(text.get(file) as string)),
      `${file} takes time or chance by itself`,
    );
  }
});

test('a file called main.ts is imported by nobody, and exports nothing', (t) => {
  for (const { from, to, dynamic } of imports)
    if (!dynamic) t.false(to.endsWith('/main.ts'), `${from} imports ${to}`);
  // A pool (piscina) calls what the file of its thread exports.
  const pool = 'jobs/main.ts';
  for (const file of files.filter((name) => name.endsWith('/main.ts') && name !== pool))
    t.false(/^export\b/m.test(text.get(file) as string), `${file} exports something`);
});

test('parts with a thread of their own are known by their messages', (t) => {
  const intimate = imports.filter(({ from, to, dynamic }) => {
    const part = folderOf(to);
    return part in THREADED && folderOf(from) !== part && !dynamic && !THREADED[part]?.includes(to);
  });
  t.deepEqual(intimate.map(shown), []);
});

test('the command line talks to a running chassis by its control socket only', (t) => {
  // `run` and `demo` are programs of their own, which the command loads when it is told to run them.
  const beyond = imports.filter(
    ({ from, to, dynamic, typesOnly }) =>
      folderOf(from) === 'cli' &&
      ['chassis', 'lab/demo'].includes(folderOf(to)) &&
      !EDGE.some((edge) => to.startsWith(edge)) &&
      !((dynamic || typesOnly) && from === 'cli/load.ts'),
  );
  t.deepEqual(beyond.map(shown), []);
  const others = imports.filter(
    ({ from, to }) =>
      to.startsWith('chassis/control/') && !['chassis', 'cli', 'lab/demo'].includes(folderOf(from)),
  );
  t.deepEqual(others.map(shown), []);
});

test('the sources are erasable TypeScript: no enum, namespace, parameter property or decorator', (t) => {
  const rules: readonly (readonly [string, RegExp])[] = [
    ['enum', /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s/m],
    ['namespace', /^\s*(?:export\s+)?(?:declare\s+)?(?:namespace|module)\s+[\w.]+\s*\{/m],
    ['parameter property', /constructor\s*\([^)]*\b(?:private|public|protected|readonly)\s+\w+\s*[:,=)]/],
    ['import =', /^\s*import\s+\w+\s*=/m],
    ['decorator', /^\s*@\w+/m],
    // Written so that it does not find itself.
    ['note', /\b(?:TO[D]O|FIX[M]E|XX[X])\b/],
  ];
  for (const file of files) {
    const source = text.get(file) as string;
    for (const [what, rule] of rules) {
      const searched = what === 'note' ? source : withoutComments(source);
      t.false(rule.test(searched), `${file}: ${what}`);
    }
  }
});

test('no file is longer than can be read at a sitting', (t) => {
  for (const file of files) {
    const lines = (text.get(file) as string).split('\n').length;
    t.true(lines <= 600, `${file} has ${lines} lines`);
  }
});

test('files that comments name are there', (t) => {
  const missing = files.flatMap((file) => {
    const comments = [...(text.get(file) as string).matchAll(/\/\*[\s\S]*?\*\/|\/\/.*/g)].join();
    const names = [...comments.matchAll(/(?<![\w./"'-])(?:[\w-]+\/)*[\w-]{2,}\.ts\b/g)].map(([name]) => name);
    const folder = path.posix.dirname(file);
    return names
      .filter((name) => !text.has(path.posix.join(folder, name)) && !text.has(name) && !existsSync(name))
      .map((name) => `${file} names ${name}`);
  });
  t.deepEqual(missing, []);
});

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}
