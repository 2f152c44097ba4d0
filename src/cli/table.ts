/**
 * Tables for people: a heading, and columns as wide as what stands in them; on a narrow terminal, without those that can be
 * spared. Rows may come in batches without end: the first batch decides, and a later value that is wider pushes its own line only. Where
 * that would run over the edge, further columns go, and there is another heading.
 */
import type { Style, Terminal } from './terminal.ts';
import { wrap } from './wrap.ts';

/** What tables are made for. */
export type Sheet = Pick<Terminal, 'paint' | 'width'>;

export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  /** Numbers stand right. */
  readonly right?: boolean;
  /** On a narrow terminal it is left out: first the columns with 1, then those with 2 … */
  readonly spare?: number;
  style?(row: Row): Style | undefined;
}

const GAP = '  ';

export class TableWriter<Row> {
  readonly #all: readonly Column<Row>[];
  #columns: readonly Column<Row>[];
  readonly #sheet: Sheet;
  #widths: number[] | undefined;

  constructor(columns: readonly Column<Row>[], sheet: Sheet) {
    this.#all = this.#columns = columns;
    this.#sheet = sheet;
  }

  /** The lines of these rows, and the heading before the first, or where columns have to go. */
  lines(rows: readonly Row[]): string {
    const before = this.#widths;
    const { width: room } = this.#sheet;
    if (before !== undefined && room === Number.POSITIVE_INFINITY) return this.#lines(rows, before);
    const measured = this.#columns.map((column, index) => ({
      column,
      width: rows.reduce(
        (most, row) => Math.max(most, displayWidth(column.text(row))),
        before?.[index] ?? column.title.length,
      ),
    }));
    const kept = thatFit(measured, room);
    if (before !== undefined && kept.length === measured.length) return this.#lines(rows, before);
    this.#columns = kept.map(({ column }) => column);
    this.#widths = kept.map(({ width }) => width);
    const left = this.#all.filter((column) => !this.#columns.includes(column)).map(({ title }) => title);
    const named = left.filter((title) => title !== '').join(', ');
    const note = named === '' ? '' : `${this.#sheet.paint('dim', `(too narrow for: ${named})`)}\n`;
    return `${note}${this.#heading(this.#widths)}${this.#lines(rows, this.#widths)}`;
  }

  #heading(widths: readonly number[]): string {
    const titles = this.#columns.map(({ title, right }, index) => pad(title, widths[index]!, right));
    return `${this.#sheet.paint('bold', titles.join(GAP).trimEnd())}\n`;
  }

  #lines(rows: readonly Row[], widths: readonly number[]): string {
    return rows.map((row) => this.#line(row, widths)).join('');
  }

  #line(row: Row, widths: readonly number[]): string {
    const last = this.#columns.length - 1;
    const parts = this.#columns.map((column, index) => {
      const text = column.text(row);
      const padded = index === last && !column.right ? text : pad(text, widths[index]!, column.right);
      const style = column.style?.(row);
      return style ? this.#sheet.paint(style, padded) : padded;
    });
    return `${parts.join(GAP).trimEnd()}\n`;
  }
}

interface Measured<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/** The columns that there is room for. Free text at the end, a column without a title, may run over. */
function thatFit<Row>(columns: readonly Measured<Row>[], room: number): readonly Measured<Row>[] {
  const counted = columns.at(-1)?.column.title === '' ? columns.slice(0, -1) : columns;
  const needed = counted.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  if (needed <= room) return columns;
  const spares = columns.flatMap(({ column: { spare } }) => spare ?? []);
  if (spares.length === 0) return columns;
  const first = Math.min(...spares);
  return thatFit(
    columns.filter(({ column }) => column.spare !== first),
    room,
  );
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], sheet: Sheet): string {
  return new TableWriter(columns, sheet).lines(rows);
}

/** Lines of `name  value`, the values one below the other. */
export function facts(
  pairs: readonly (readonly [name: string, value: string])[],
  { paint, width }: Sheet,
): string {
  const names = Math.max(0, ...pairs.map(([name]) => displayWidth(name)));
  const before = ' '.repeat(names + 2 * GAP.length);
  return pairs
    .map(([name, value]) => [paint('dim', pad(name, names)), wrap(value, width - before.length, before)])
    .map(([name, value]) => `${GAP}${name}${GAP}${value}\n`)
    .join('');
}

function pad(text: string, width: number, right = false): string {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? spaces + text : text + spaces;
}

/** Descriptions may hold more than ASCII; code points are near enough to columns. */
function displayWidth(text: string): number {
  return [...text].length;
}
