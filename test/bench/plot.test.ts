/** Plots of whatever was measured, zero too. */
import test from 'ava';
import { plotSvg } from '../../bench/support/plot.ts';

const plot = (points: readonly { x: number; y: number }[], linear: boolean): string =>
  plotSvg({
    title: 't',
    subtitle: 's',
    xLabel: 'x',
    yLabel: 'y',
    series: [{ name: 'n', colour: '#000', points }],
    linear,
  });

const POINTS = [
  { x: 0, y: 3 },
  { x: 10, y: 0 },
  { x: 1000, y: 5 },
];

test('a logarithmic axis has no place for zero', (t) => {
  const svg = plot(POINTS, false);
  t.is(svg.match(/<circle/g)?.length, 1);
  t.notRegex(svg, /NaN|Infinity/);
});

test('a linear one has', (t) => {
  const svg = plot(POINTS, true);
  t.is(svg.match(/<circle/g)?.length, 3);
  t.notRegex(svg, /NaN|Infinity/);
});
