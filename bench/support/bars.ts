/** Groups of bars on logarithmic axes, as SVG: several measures of the same contestants, a panel each. */
export interface Bar {
  readonly series: string;
  /** Undefined for none. */
  readonly value: number | undefined;
  /** The true value is larger. */
  readonly more?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly groups: readonly { readonly name: string; readonly bars: readonly Bar[] }[];
}

export interface BarPlot {
  readonly title: string;
  readonly subtitle: string;
  /** In the order of the bars. */
  readonly series: readonly { readonly name: string; readonly colour: string }[];
  readonly panels: readonly Panel[];
}

const WIDTH = 1100;
const PANEL = 240;
const BOX = { left: 70, right: 20, top: 84 };
/** Of a panel's height: above and below the bars. */
const INSIDE = { top: 34, bottom: 34 };

export function barsSvg(plot: BarPlot): string {
  const height = BOX.top + plot.panels.length * PANEL;
  const parts = [
    text(BOX.left, 26, plot.title, 'font-size="17" font-weight="600"'),
    text(BOX.left, 44, plot.subtitle, 'font-size="11" fill="#555"'),
    ...legend(plot),
    ...plot.panels.flatMap((panel, i) => drawPanel(plot, panel, BOX.top + i * PANEL)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="11">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

function legend({ series }: BarPlot): string[] {
  const step = (WIDTH - BOX.left - BOX.right) / Math.max(1, series.length);
  return series.flatMap(({ name, colour }, i) => [
    rectangle(BOX.left + i * step, 56, 12, 12, colour),
    text(BOX.left + i * step + 17, 66, name),
  ]);
}

function drawPanel(plot: BarPlot, { title, groups }: Panel, top: number): string[] {
  const values = groups.flatMap(({ bars }) => bars.flatMap(({ value }) => (value ? [value] : [])));
  if (values.length === 0) return [];
  const from = Math.floor(Math.log10(Math.min(...values)) - 0.05);
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  const bottom = top + PANEL - INSIDE.bottom;
  const tall = PANEL - INSIDE.top - INSIDE.bottom;
  const y = (value: number): number => bottom - ((Math.log10(value) - from) / (to - from)) * tall;
  const lines = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  const width = (WIDTH - BOX.left - BOX.right) / groups.length;
  return [
    text(BOX.left, top + 20, title, 'font-size="13" font-weight="600"'),
    ...lines.flatMap((value) => [
      `<line x1="${BOX.left}" x2="${WIDTH - BOX.right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>`,
      text(BOX.left - 8, y(value) + 4, String(Number(value.toPrecision(1))), 'text-anchor="end"'),
    ]),
    ...groups.flatMap(({ name, bars }, i) => [
      text(BOX.left + (i + 0.5) * width, bottom + 18, name, 'text-anchor="middle"'),
      ...drawGroup(plot, bars, BOX.left + (i + 0.1) * width, width * 0.8, y, bottom),
    ]),
  ];
}

function drawGroup(
  { series }: BarPlot,
  bars: readonly Bar[],
  left: number,
  width: number,
  y: (value: number) => number,
  bottom: number,
): string[] {
  const each = width / series.length;
  return bars.flatMap(({ series: name, value, more = false }) => {
    const at = series.findIndex((one) => one.name === name);
    if (!value || at < 0) return [];
    const x = left + at * each;
    const bar = rectangle(x, y(value), each * 0.86, bottom - y(value), series[at]!.colour, more ? 0.35 : 1);
    const label = text(
      x + each * 0.43,
      y(value) - 3,
      `${more ? '> ' : ''}${Number(value.toPrecision(2))}`,
      'text-anchor="middle" font-size="8" fill="#555"',
    );
    return [bar, label];
  });
}

function rectangle(x: number, y: number, width: number, height: number, fill: string, opacity = 1): string {
  const [a, b, c, d] = [x, y, width, height].map((value) => value.toFixed(1));
  return `<rect x="${a}" y="${b}" width="${c}" height="${d}" fill="${fill}" fill-opacity="${opacity}"/>`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const safe = content.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${safe}</text>`;
}
