/** What became of each line: nothing is dropped in silence. */
import type { Line } from './read.ts';

export interface Left {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** Why it has no counterpart, or what is different. */
  readonly reason: string;
}

export class Report {
  /** Lines of neighbours and policies that are in the configuration that was made. */
  carried = 0;
  /** Those that are not. */
  readonly left: Left[] = [];
  /** Lines of other protocols and of the system, which are none of ours. */
  foreign = 0;
  /** What holds though a line says something that differs a little. */
  readonly notes: Left[] = [];

  leave(line: Line, reason: string): void {
    this.left.push({ line: line.number, text: line.text, reason });
  }

  note(line: Line, reason: string): void {
    this.carried++;
    this.notes.push({ line: line.number, text: line.text, reason });
  }
}
