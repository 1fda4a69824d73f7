import uPlot from 'uplot';
import {
  AXIS_FONT,
  colour,
  digits,
  element,
  keepInShape,
  legendOf,
  lineOf,
  plotIn,
  scrollingTable,
  tableRow,
  verticalAxis,
} from './look.js';
import { pointsOf, sharesOf } from './payload.js';

/** @typedef {import('./payload.js').Payload} Payload */

const CURVE_HEIGHT = 300;
const SHAPE_HEIGHT = 180;
/** Columns of the table: all but one in so many samples are not above the figure. */
const STEPS = { p50: 2, p75: 4, p90: 10, p95: 20, p99: 100, 'p99.9': 1_000 };

/**
 * Distributions as HdrHistogram draws them: each step to the right is a tenth of the samples.
 *
 * @param {HTMLElement} root
 * @param {Payload} payload
 * @returns {(other: import('./payload.js').OtherRun | undefined) => void} shows another run beside it
 */
export function drawCurves(root, payload) {
  const { subjects } = payload;
  const groups = [...new Set(subjects.map(({ group }) => group))].map((group) => {
    const own = subjects.flatMap((one, i) => (one.group === group ? [element('option', { value: i }, one.label)] : []));
    return element('optgroup', { label: group }, ...own);
  });
  const select = element('select', {}, ...groups);
  const said = element('output', {});
  const legend = element('div', { class: 'above' });
  const place = element('div', { class: 'chart', role: 'img', 'data-chart': 'percentiles' });
  const shape = element('div', { class: 'chart', role: 'img', 'data-chart': 'distribution' });
  const hint = element('span', { class: 'quiet' }, ' · % of samples, by how long they took in ms');
  const figures = element('div');
  root.append(
    element('div', { class: 'toolbar' }, element('label', {}, 'Show ', select), said),
    element('div', { class: 'panel' }, legend, place, figures),
    element('div', { class: 'panel' }, element('h3', {}, 'Distribution', hint), shape),
  );
  /** @type {import('./payload.js').OtherRun | undefined} */
  let other;
  /** @type {{ plot: import('uplot'), place: HTMLElement, height: number }[]} */
  const drawn = [];
  draw();
  keepInShape(drawn);
  select.addEventListener('change', draw);
  function draw() {
    const subject = subjects[Number(select.value)];
    if (!subject) return;
    const looks = subject.lines.length > 1 ? ['middle', 'strong'] : ['strong'];
    const lines = subject.lines.flatMap(({ label, key }, i) => [
      { label, look: looks[i] ?? 'strong', points: pointsOf(payload, key) },
      ...(other ? [{ label: `${label}, ${other.runId}`, look: `other-${looks[i]}`, points: other.curve(key) }] : []),
    ]);
    const isThere = subject.lines.some(({ key }) => other?.curve(key).length);
    said.textContent = other && !isThere ? `${other.runId} has no such series.` : '';
    const known = lines.filter(({ points }) => points.length > 0);
    const xs = [...new Set(known.flatMap(({ points }) => points.map(([oneIn]) => oneIn)))].sort((a, b) => a - b);
    const columns = known.map(({ points }) => {
      const values = new Map(points);
      return xs.map((oneIn) => values.get(oneIn) ?? null);
    });
    const { list, values } = legendOf(known);
    const at = element('span', { class: 'value' });
    legend.replaceChildren(
      element('h3', {}, subject.label, element('span', { class: 'quiet' }, ' · ms, by percentile ', at)),
      list,
    );
    for (const { plot } of drawn.splice(0)) plot.destroy();
    const plot = plotIn(
      place,
      {
        height: CURVE_HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: {
          x: { time: false, distr: 3, log: 10, range: () => [1, Math.max(10, xs.at(-1) ?? 10)] },
          y: { range: (_, __, max) => [0, max * 1.08 || 1] },
        },
        axes: [percentAxis(), verticalAxis()],
        series: [
          {},
          ...known.map(({ label, look }) => ({ ...lineOf(label, look), spanGaps: true, points: { show: false } })),
        ],
        hooks: {
          setCursor: [
            ({ cursor: { idx } }) => {
              at.textContent = typeof idx === 'number' ? `at ${percent(xs[idx] ?? 1)}` : '';
              values.forEach((value, at) => {
                value.textContent =
                  typeof idx === 'number' ? digits(valueAt(known[at]?.points ?? [], xs[idx] ?? 1)) : '';
              });
            },
          ],
        },
      },
      [xs, ...columns],
    );
    drawn.push({ plot, place, height: CURVE_HEIGHT }, { plot: drawShape(subject), place: shape, height: SHAPE_HEIGHT });
    const rows = known.map(({ label, points }) =>
      tableRow(label, [
        ...Object.values(STEPS).map((oneIn) => digits(valueAt(points, oneIn))),
        digits(points.at(-1)?.[1]),
      ]),
    );
    const titles = [...Object.keys(STEPS), 'max'].map((title) => `${title} (ms)`);
    figures.replaceChildren(scrollingTable(`Percentiles of ${subject.label}`, ['series', ...titles], rows));
    place.setAttribute('aria-label', `Percentiles of ${subject.label}; the table below has the figures.`);
  }

  /** How often it took how long. @param {Payload['subjects'][number]} subject */
  function drawShape({ label, lines }) {
    const looks = lines.length > 1 ? ['middle', 'strong'] : ['strong'];
    const all = lines
      .flatMap(({ key, label }, i) => [
        { label, look: looks[i] ?? 'strong', shares: sharesOf(payload, key) },
        ...(other?.payload ? [{ label, look: `other-${looks[i]}`, shares: sharesOf(other.payload, key) }] : []),
      ])
      .filter(({ shares }) => shares.length > 0);
    const ends = all.flatMap(({ shares }) => shares.map(([end]) => end));
    const least = Math.min(...ends);
    const most = Math.max(...ends);
    const xs = payload.bounds.filter((bound, i) => (payload.bounds[i + 1] ?? bound) >= least && bound <= most);
    const columns = all.map(({ shares }) => {
      const known = new Map(shares);
      return xs.map((end) => known.get(end) ?? 0);
    });
    const highest = Math.max(0, ...columns.flat());
    const common = all.map(({ shares }) => shares.reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]));
    const told = all.map(({ label }, i) => `${label}: most often up to ${digits(common[i]?.[0])} ms`).join('; ');
    shape.setAttribute('aria-label', `Distribution of ${label}. ${told}.`);
    const stepped = uPlot.paths.stepped?.({ align: -1 });
    return plotIn(
      shape,
      {
        height: SHAPE_HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: {
          x: { time: false, distr: 3, log: 10, range: () => [xs[0] ?? 1, xs.at(-1) ?? 10] },
          y: { range: () => [0, highest * 1.08 || 1] },
        },
        axes: [millisecondAxis(), verticalAxis()],
        series: [
          {},
          ...all.map(({ label, look }) => ({
            ...lineOf(label, look),
            ...(stepped && { paths: stepped }),
            points: { show: false },
          })),
        ],
      },
      [xs, ...columns],
    );
  }

  return (chosen) => {
    other = chosen;
    draw();
  };
}

/**
 * The figure of a step; beyond the last sample it is the maximum.
 *
 * @param {[oneIn: number, value: number][]} points
 * @param {number} oneIn
 */
function valueAt(points, oneIn) {
  const [count = 0, max] = points.at(-1) ?? [];
  return oneIn >= count ? max : points.find(([step]) => step === oneIn)?.[1];
}

/** How many samples are not above a figure that one in so many is above. @param {number} oneIn */
function percent(oneIn) {
  const digits = Math.max(2, Math.ceil(Math.log10(oneIn)) + 1);
  return `${Number((100 * (1 - 1 / oneIn)).toPrecision(digits))} %`;
}

/** @returns {import('uplot').Axis} */
function millisecondAxis() {
  return {
    ...percentAxis(),
    splits: (plot) => {
      const { min = 1, max = 10 } = plot.scales.x ?? {};
      const all = [0.01, 0.1, 1, 10, 100, 1_000, 10_000, 100_000].flatMap((power) => [power, 2 * power, 5 * power]);
      return all.filter((value) => value >= min && value <= max);
    },
    values: (_, splits) => splits.map((value) => digits(value)),
  };
}

/** @returns {import('uplot').Axis} */
function percentAxis() {
  return {
    scale: 'x',
    size: 24,
    gap: 4,
    font: AXIS_FONT,
    stroke: () => colour('quiet'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
    splits: (plot) =>
      [1, 10, 100, 1_000, 10_000, 100_000, 1e6, 1e7].filter((oneIn) => oneIn <= (plot.scales.x?.max ?? 1)),
    values: (_, splits) => splits.map(percent),
    filter: (_, splits) => splits,
  };
}
