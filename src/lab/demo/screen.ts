/**
 * What a person sees. Lines that are said stay; below them, on a terminal, stands one block that is drawn again
 * and again in its place: progress, or the live summary. In a pipe there is no block and no escape code, and
 * progress comes as a line now and then.
 */
import type { Terminal } from '../../cli/terminal.ts';

const UP = (lines: number): string => (lines === 0 ? '' : `\x1b[${lines}A`);
const CLEAR_BELOW = '\r\x1b[J';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
// biome-ignore lint/suspicious/noControlCharactersInRegex: styles are escape codes
const ESCAPES = /\x1b\[[0-9;]*m/y;
/** Milliseconds between lines of progress in a pipe. */
const PROGRESS_PAUSE = 2000;
const BAR = 24;

export class Screen {
  /** There is a block that can be drawn in its place. */
  readonly live: boolean;
  readonly terminal: Terminal;
  #block: readonly string[] = [];
  #drawn = 0;
  #hidden = false;
  #muted = false;
  /** When something was said last. */
  #saidAt = 0;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
    this.live = terminal.interactive && terminal.env.TERM !== 'dumb';
    process.once('exit', () => this.end());
  }

  /** Lines that stay. */
  say(text = ''): void {
    this.#saidAt = performance.now();
    const body = text.endsWith('\n') ? text : `${text}\n`;
    this.#write(this.#erase() + body + this.#draw());
  }

  /** The block below all that was said. */
  show(lines: readonly string[]): void {
    this.#block = lines;
    if (!this.live) return;
    this.#write(this.#erase() + this.#draw());
  }

  /** How far some long work is. */
  progress(text: string, done: number, of: number): void {
    const percent = of === 0 ? 100 : Math.floor((100 * Math.min(done, of)) / of);
    if (this.live) {
      const filled = Math.round((BAR * percent) / 100);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
      this.show([`   ${bar} ${String(percent).padStart(3)}% ${text}`]);
      return;
    }
    if (performance.now() - this.#saidAt < PROGRESS_PAUSE) return;
    this.say(`   ${percent}% ${text}`);
  }

  /** The terminal is gone. */
  mute(): void {
    this.#muted = true;
  }

  /** The block goes; what was said stays. */
  end(): void {
    this.#block = [];
    this.#write(this.#erase() + (this.#hidden ? SHOW_CURSOR : ''));
    this.#hidden = false;
  }

  #erase(): string {
    const { columns } = size();
    // A terminal that became narrower has broken the lines that stand there.
    const lines = this.#drawnLines.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    const text = this.#drawn === 0 ? '' : UP(lines) + CLEAR_BELOW;
    this.#drawn = 0;
    this.#drawnLines = [];
    return text;
  }

  #drawnLines: number[] = [];

  #draw(): string {
    if (!this.live || this.#block.length === 0) return '';
    const { columns, rows } = size();
    const lines = this.#block.slice(0, Math.max(1, rows - 1)).map((line) => cutLine(line, columns - 1));
    this.#drawn = lines.length;
    this.#drawnLines = lines.map(visibleWidth);
    const hide = this.#hidden ? '' : HIDE_CURSOR;
    this.#hidden = true;
    return `${hide}${lines.join('\n')}\n`;
  }

  #write(text: string): void {
    if (text !== '' && !this.#muted) void this.terminal.out(text);
  }
}

function size(): { columns: number; rows: number } {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

function visibleWidth(line: string): number {
  let width = 0;
  for (let at = 0; at < line.length; ) {
    const code = escapeAt(line, at);
    if (code === 0) width++;
    at += code || 1;
  }
  return width;
}

/** The line, cut where the terminal ends; styles are kept whole. */
export function cutLine(line: string, columns: number): string {
  let kept = '';
  let width = 0;
  let styled = false;
  for (let at = 0; at < line.length; ) {
    const code = escapeAt(line, at);
    if (code > 0) styled = true;
    else if (++width > columns) return styled ? `${kept}\x1b[0m` : kept;
    const next = at + (code || 1);
    kept += line.slice(at, next);
    at = next;
  }
  return kept;
}

function escapeAt(line: string, at: number): number {
  ESCAPES.lastIndex = at;
  return ESCAPES.exec(line)?.[0].length ?? 0;
}
