/** Between the fuzzer's main thread and those that run inputs. */
export interface FuzzStart {
  readonly seed: number;
  readonly from: number;
  /** This thread runs every `step`-th input. */
  readonly step: number;
  readonly end: number;
  readonly target: string | undefined;
  /** Int32: [ index, length of the input, target ], then the input: what is being run now. */
  readonly now: SharedArrayBuffer;
}

export const NOW = { index: 0, length: 1, target: 2, words: 4 } as const;

export type FuzzNews =
  | {
      readonly kind: 'found';
      readonly target: string;
      readonly index: number;
      readonly why: string;
      readonly input: Uint8Array;
    }
  | {
      readonly kind: 'progress' | 'done';
      readonly counts: Readonly<Record<string, number>>;
      readonly slowest: number;
    };
