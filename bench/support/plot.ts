/** A plot with logarithmic or linear axes, as SVG: what a paper's figure needs and no more. */
export interface Series {
  readonly name: string;
  readonly colour: string;
  /** A logarithmic axis has no place for zero: such points are left out. */
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    readonly low?: number;
    readonly high?: number;
  }[];
}

export interface Plot {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Without it logarithmic. */
  readonly linear?: boolean;
}

/** How values become places: a range around them, lines at round values, and a place between 0 and 1. */
interface Axis {
  range(values: readonly number[]): [number, number];
  grid(range: readonly [number, number]): number[];
  place(value: number, range: readonly [number, number]): number;
}

const WIDTH = 760;
const HEIGHT = 480;
const BOX = { left: 80, right: 30, top: 64, bottom: 60 };

export function plotSvg(plot: Plot): string {
  const axis = plot.linear ? LINEAR : LOGARITHMIC;
  const drawn = plot.linear ? plot.series : plot.series.map(withoutZero);
  const all = drawn.flatMap(({ points }) => points);
  const xRange = axis.range(all.map(({ x }) => x));
  const yRange = axis.range(all.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y]));
  const x = scale(axis, xRange, BOX.left, WIDTH - BOX.right);
  const y = scale(axis, yRange, HEIGHT - BOX.bottom, BOX.top);
  const parts = [
    `<text x="${BOX.left}" y="26" font-size="17" font-weight="600">${plot.title}</text>`,
    `<text x="${BOX.left}" y="46" font-size="12" fill="#555">${plot.subtitle}</text>`,
    ...axis.grid(xRange).map((value) => line(x(value), BOX.top, x(value), HEIGHT - BOX.bottom)),
    ...axis.grid(yRange).map((value) => line(BOX.left, y(value), WIDTH - BOX.right, y(value))),
    ...axis.grid(xRange).map((value) => label(x(value), HEIGHT - BOX.bottom + 18, short(value), 'middle')),
    ...axis.grid(yRange).map((value) => label(BOX.left - 8, y(value) + 4, short(value), 'end')),
    label((BOX.left + WIDTH - BOX.right) / 2, HEIGHT - 16, plot.xLabel, 'middle'),
    `<text transform="translate(20 ${(BOX.top + HEIGHT - BOX.bottom) / 2}) rotate(-90)" text-anchor="middle" font-size="13">${plot.yLabel}</text>`,
    ...drawn.flatMap((series, index) => drawSeries(series, index, x, y)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

type Scale = (value: number) => number;

function withoutZero(series: Series): Series {
  return { ...series, points: series.points.filter(({ x, y, low = y }) => x > 0 && y > 0 && low > 0) };
}

function drawSeries({ name, colour, points }: Series, index: number, x: Scale, y: Scale): string[] {
  const path = points
    .map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`)
    .join('');
  const legendY = BOX.top + 18 + index * 20;
  return [
    ...points
      .filter(({ low, high }) => low !== undefined && high !== undefined)
      .map(
        ({ x: at, low, high }) =>
          `<line x1="${x(at)}" x2="${x(at)}" y1="${y(low!)}" y2="${y(high!)}" stroke="${colour}" stroke-opacity=".5"/>`,
      ),
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      (point) =>
        `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3.5" fill="${colour}"/>`,
    ),
    `<line x1="${BOX.left + 12}" x2="${BOX.left + 36}" y1="${legendY - 4}" y2="${legendY - 4}" stroke="${colour}" stroke-width="3"/>`,
    `<text x="${BOX.left + 42}" y="${legendY}">${name}</text>`,
  ];
}

/** Whole decades; the range is in powers of ten. */
const LOGARITHMIC: Axis = {
  range: (values) => [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values)) + 0.01),
  ],
  grid: ([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)),
  place: (value, [from, to]) => (Math.log10(value) - from) / (to - from),
};

/** Around zero too; lines at 1, 2 or 5 times a power of ten. */
const LINEAR: Axis = {
  range: (values) => {
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const step = roundStep(high - low);
    return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  },
  grid: ([from, to]) => {
    const step = roundStep(to - from);
    return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  },
  place: (value, [from, to]) => (value - from) / (to - from),
};

/** So that there are five to ten of it. */
function roundStep(length: number): number {
  const rough = (length || 1) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
}

function scale(axis: Axis, range: readonly [number, number], start: number, end: number): Scale {
  return (value) => start + axis.place(value, range) * (end - start);
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
}

function label(x: number, y: number, text: string, anchor: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1e3) return `${value / 1e3}k`;
  return String(Number(value.toPrecision(3)));
}
