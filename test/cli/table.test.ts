/** Tables and lists that fit the terminal. */
import test from 'ava';
import { type Column, facts, TableWriter, table } from '../../src/cli/table.ts';
import { plain } from '../../src/cli/terminal.ts';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly note: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'SIZE', text: ({ size }) => String(size), right: true, spare: 2 },
  { title: 'HALF', text: ({ size }) => String(size / 2), right: true, spare: 1 },
  { title: '', text: ({ note }) => note },
];
const ROWS: readonly Row[] = [
  { name: 'first', size: 10, note: 'with a long note' },
  { name: 'second', size: 2000, note: '' },
];

function at(width: number): string[] {
  return table(COLUMNS, ROWS, { paint: plain, width }).split('\n');
}

test('where there is room, all columns are there', (t) => {
  t.is(at(Number.POSITIVE_INFINITY)[0], 'NAME    SIZE  HALF');
  t.is(at(18)[0], 'NAME    SIZE  HALF');
});

test('where there is not, the columns that can be spared go, and that is said', (t) => {
  t.deepEqual(at(17), [
    '(too narrow for: HALF)',
    'NAME    SIZE',
    'first     10  with a long note',
    'second  2000',
    '',
  ]);
  t.deepEqual(at(11).slice(0, 2), ['(too narrow for: SIZE, HALF)', 'NAME']);
});

test('the first batch of rows decides, and columns that a later one leaves no room for go then', (t) => {
  const wide = new TableWriter(COLUMNS, { paint: plain, width: 18 });
  t.true(wide.lines(ROWS.slice(0, 1)).startsWith('NAME   SIZE  HALF\n'));
  t.is(wide.lines(ROWS.slice(1)), 'second  2000  1000\n');
  const narrow = new TableWriter(COLUMNS, { paint: plain, width: 17 });
  t.true(narrow.lines(ROWS.slice(0, 1)).startsWith('NAME   SIZE  HALF\n'));
  t.is(narrow.lines(ROWS.slice(1)), '(too narrow for: HALF)\nNAME    SIZE\nsecond  2000\n');
  t.is(narrow.lines(ROWS.slice(0, 1)), 'first     10  with a long note\n');
});

test('a value that is too long goes on below itself', (t) => {
  const pairs = [
    ['a', 'one, two, three'],
    ['long', '1'],
  ] as const;
  t.is(facts(pairs, { paint: plain, width: 18 }), '  a     one, two,\n        three\n  long  1\n');
  t.is(facts(pairs, { paint: plain, width: 5 }), '  a     one, two, three\n  long  1\n');
});
