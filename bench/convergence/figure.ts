/** The announce phase of all cases as a figure: wall time, processor time and peak memory of every contestant. */
import { type BarPlot, barsSvg, type Panel } from '../support/bars.ts';
import { machineLine } from '../support/report.ts';
import type { Summary } from './report.ts';

export interface CaseSummaries {
  readonly name: string;
  readonly summaries: readonly Summary[];
}

/** graftd in blues, by its blades; the others as different as can be. */
const COLOURS: Readonly<Record<string, string>> = {
  'graftd 1': '#9ecae1',
  'graftd 2': '#6baed6',
  'graftd 4': '#3182bd',
  'graftd 8': '#08519c',
  graftd: '#08306b',
  BIRD: '#e6842a',
  FRR: '#2a9d5c',
  GoBGP: '#8e44ad',
  OpenBGPD: '#7f7f7f',
};

export function figure(
  cases: readonly CaseSummaries[],
  contestants: readonly string[],
  limit: number,
): string {
  const plot: BarPlot = {
    title: 'Convergence: senders announce, everybody learns the best',
    subtitle: machineLine(),
    series: contestants.map((name) => ({ name, colour: COLOURS[name] ?? '#5dade2' })),
    panels: [
      panel('wall time, seconds', cases, ({ wallSeconds }) => wallSeconds, limit),
      panel('processor time, seconds', cases, ({ cpuSeconds }) => cpuSeconds),
      panel('peak memory, MiB', cases, ({ peakMiB }) => peakMiB),
    ],
  };
  return barsSvg(plot);
}

function panel(
  title: string,
  cases: readonly CaseSummaries[],
  of: (summary: Summary) => number,
  limit?: number,
): Panel {
  return {
    title,
    groups: cases.map(({ name, summaries }) => ({
      name,
      bars: summaries
        .filter(({ phase }) => phase === 'announce')
        .map((summary) => {
          const value = of(summary);
          const failed = Number.isNaN(value);
          return { series: summary.daemon, value: failed ? limit : value, more: failed };
        }),
    })),
  };
}
