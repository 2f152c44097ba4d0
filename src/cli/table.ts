/**
 * Tables for people: a heading, and columns as wide as what stands in them. Rows may come in batches without
 * end: the first batch decides the widths, and a later value that is wider pushes its own line only.
 */
import type { Paint, Style } from './terminal.ts';

export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  /** Numbers stand right. */
  readonly right?: boolean;
  style?(row: Row): Style | undefined;
}

export class TableWriter<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #paint: Paint;
  #widths: number[] | undefined;

  constructor(columns: readonly Column<Row>[], paint: Paint) {
    this.#columns = columns;
    this.#paint = paint;
  }

  /** The lines of these rows, and the heading before the first. */
  lines(rows: readonly Row[]): string {
    const cells = rows.map((row) => this.#columns.map((column) => column.text(row)));
    const heading = this.#widths === undefined ? this.#heading(cells) : '';
    return heading + cells.map((texts, index) => this.#line(texts, rows[index]!)).join('');
  }

  #heading(cells: readonly string[][]): string {
    this.#widths = this.#columns.map((column, index) =>
      cells.reduce((width, texts) => Math.max(width, displayWidth(texts[index]!)), column.title.length),
    );
    const titles = this.#columns.map((column, index) =>
      pad(column.title, this.#widths![index]!, column.right),
    );
    return `${this.#paint('bold', titles.join('  ').trimEnd())}\n`;
  }

  #line(texts: readonly string[], row: Row): string {
    const last = texts.length - 1;
    const parts = this.#columns.map((column, index) => {
      const text = texts[index]!;
      const padded = index === last && !column.right ? text : pad(text, this.#widths![index]!, column.right);
      const style = column.style?.(row);
      return style ? this.#paint(style, padded) : padded;
    });
    return `${parts.join('  ').trimEnd()}\n`;
  }
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string {
  return new TableWriter(columns, paint).lines(rows);
}

/** Lines of `name  value`, the values one below the other. */
export function facts(pairs: readonly (readonly [name: string, value: string])[], paint: Paint): string {
  const width = Math.max(0, ...pairs.map(([name]) => displayWidth(name)));
  return pairs.map(([name, value]) => `  ${paint('dim', pad(name, width))}  ${value}\n`).join('');
}

function pad(text: string, width: number, right = false): string {
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? spaces + text : text + spaces;
}

/** Descriptions may hold more than ASCII; code points are near enough to columns. */
function displayWidth(text: string): number {
  return [...text].length;
}
