/** The longest turn of any blade since it was read last, as `show blades` says it. */
import type { BladeRow } from '../../src/chassis/operations.ts';

export interface LongestTurn {
  /** Milliseconds. */
  readonly took: number;
  /** Of that: the blade was on no processor. */
  readonly waited: number;
  /** The most that any turn used a processor. */
  readonly work: number;
}

export const TURN_HEAD = ['longest turn', 'of that waited', 'most CPU'] as const;

export function longestTurn(blades: readonly BladeRow[]): LongestTurn {
  const [longest] = [...blades].sort(
    (a, b) => (b.longestTurnLatelyMilliseconds ?? 0) - (a.longestTurnLatelyMilliseconds ?? 0),
  );
  return {
    took: longest?.longestTurnLatelyMilliseconds ?? 0,
    waited: longest?.longestTurnLatelyWaitedMilliseconds ?? 0,
    work: Math.max(...blades.map(({ longestWorkLatelyMilliseconds = 0 }) => longestWorkLatelyMilliseconds)),
  };
}

/** As TURN_HEAD has it. */
export function turnCells({ took, waited, work }: LongestTurn): string[] {
  return [took, waited, work].map((value) => value.toFixed(1));
}
