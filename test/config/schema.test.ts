import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import fc from 'fast-check';
import { stringify } from 'yaml';
import {
  cacheKeys,
  chassisKeys,
  limitKeys,
  neighborKeys,
  routerKeys,
  rpkiKeys,
} from '../../src/config/keys.ts';
import { formatMistake, parseConfiguration } from '../../src/config/parse.ts';
import { keysPage } from '../../src/config/reference.ts';
import { configurationSchema } from '../../src/config/schema.ts';

const validate = new Ajv({ allowUnionTypes: true }).compile(configurationSchema());

test('graftd.schema.json is the schema of the tables (`chassis check --schema` writes it)', (t) => {
  const file = path.resolve('graftd.schema.json');
  t.deepEqual(JSON.parse(readFileSync(file, 'utf8')), configurationSchema());
});

test('docs/keys.md has all keys (`chassis check --keys` writes it)', (t) => {
  const page = keysPage();
  t.is(readFileSync(path.resolve('docs/keys.md'), 'utf8'), page);
  for (const name of Object.keys({
    ...routerKeys,
    ...chassisKeys,
    ...limitKeys,
    ...rpkiKeys,
    ...cacheKeys,
    ...neighborKeys,
  }))
    t.regex(page, new RegExp(`^\\| \`([\\w-]+(\\[\\])?\\.)*${name}\` \\| `, 'm'), name);
});

test('every key says what it is for', (t) => {
  for (const [name, key] of Object.entries({
    ...routerKeys,
    ...chassisKeys,
    ...limitKeys,
    ...rpkiKeys,
    ...cacheKeys,
    ...neighborKeys,
  })) {
    t.regex(key.doc, /^[A-Z].*[.]$|^[a-z]+: .*[.]$/, name);
  }
});

/** Values that are right for some key, or nearly. */
const anything = fc.oneof(
  fc.integer({ min: -1, max: 70000 }),
  fc.boolean(),
  fc.constantFrom(
    'accept',
    'reject',
    'ipv4-unicast',
    '192.0.2.1',
    '2001:db8::1',
    '127.0.0.1:179',
    './a',
    '',
    'x',
  ),
  fc.constant(null),
  fc.array(fc.constantFrom('ipv4-unicast', 'ipv6-unicast', '127.0.0.1:1', 7), { maxLength: 3 }),
);

function someKeys(keys: object, given: object) {
  const names = [...Object.keys(keys), 'unknown'];
  return fc
    .dictionary(fc.constantFrom(...names), anything, { maxKeys: 3 })
    .map((more) => ({ ...given, ...more }));
}

const file = fc.record(
  {
    router: someKeys(routerKeys, { as: 65000, id: '192.0.2.1' }),
    chassis: fc.oneof(someKeys(chassisKeys, {}), fc.constant(null)),
    defaults: someKeys(neighborKeys, {}),
    neighbors: fc.array(someKeys(neighborKeys, { address: '192.0.2.2', as: 64500 }), { maxLength: 2 }),
  },
  { requiredKeys: ['router'] },
);

test('what the schema refuses, graftd refuses; what graftd accepts, the schema accepts', (t) => {
  let accepted = 0;
  fc.assert(
    fc.property(file, (value) => {
      const { mistakes } = parseConfiguration(stringify(value), 'x.yaml');
      if (mistakes === undefined) accepted++;
      const known = validate(value) || mistakes !== undefined;
      if (!known) throw new Error(JSON.stringify(validate.errors));
    }),
    { numRuns: 2000 },
  );
  t.true(accepted > 20, `only ${accepted} random files were right`);
});

test('no text makes the parser throw, and every mistake has a place in the text', (t) => {
  const pieces = fc.array(
    fc.constantFrom(
      'router',
      'neighbors',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      '*a',
      '&a ',
      '1',
      '!!x',
      '#',
    ),
    { maxLength: 40 },
  );
  const text = fc.oneof(
    fc.string(),
    pieces.map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (input) => {
      const lines = input.split('\n').length;
      for (const mistake of parseConfiguration(input, 'x.yaml').mistakes ?? []) {
        const inside = mistake.line >= 1 && mistake.line <= lines && mistake.column >= 1;
        if (!inside || /\n/.test(formatMistake('x.yaml', mistake))) throw new Error(JSON.stringify(mistake));
      }
    }),
    { numRuns: 3000 },
  );
  t.pass();
});
