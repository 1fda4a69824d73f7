import { AXIS_FONT, colour, digits, keepInShape, lineOf, plotIn, verticalAxis } from './look.js';

const HEIGHT = 180;

/** @type {import('../trend.ts').TrendPayload} */
const { groups } = JSON.parse(document.getElementById('payload')?.textContent ?? '{"groups":[]}');
const drawn = groups.flatMap(({ times, statuses, charts }, group) => {
  // One run after the other: by the clock, a night would be wider than all runs of a day.
  const runs = times.map((_, at) => at);
  return charts.map(({ id, column, unit, figures }) => {
    const place = /** @type {HTMLElement} */ (document.getElementById(id));
    const select = /** @type {HTMLSelectElement} */ (document.getElementById(`${id}-figure`));
    /** All runs as a line; those that did not pass once more, as points of their own colour. @returns {uPlot.AlignedData} */
    const chosen = () => {
      const values = figures[Number(select.value)]?.values ?? [];
      return [runs, values, values.map((value, at) => (statuses[at] === 'pass' ? null : value))];
    };
    const plot = plotIn(
      place,
      {
        height: HEIGHT,
        cursor: { y: false, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: () => [-0.5, runs.length - 0.5] },
          y: { range: (_, __, max) => [0, max * 1.08 || 1] },
        },
        axes: [runAxis(times), verticalAxis()],
        series: [
          {},
          { ...lineOf('all', 'middle'), spanGaps: true, points: { show: true, size: 5 } },
          {
            ...lineOf('not passed', 'bad'),
            width: 0,
            points: { show: true, size: 7, stroke: () => colour('bad'), fill: () => colour('bad') },
          },
        ],
      },
      chosen(),
    );
    select.addEventListener('change', () => {
      plot.setData(chosen());
      tell(group, column, unit, figures[Number(select.value)]);
    });
    return { plot, place, height: HEIGHT };
  });
});
keepInShape(drawn);

/**
 * Puts a figure into the table of runs, whose first row is the newest.
 *
 * @param {number} group
 * @param {number} column
 * @param {string} unit
 * @param {{ name: string, values: (number | null)[] } | undefined} figure
 */
function tell(group, column, unit, figure) {
  const table = document.querySelector(`[aria-labelledby=group-${group}] table`);
  if (!(table instanceof HTMLTableElement) || !figure) return;
  const [heading, ...rows] = table.rows;
  const name = heading?.cells[column]?.querySelector('.figure');
  if (name) name.textContent = figure.name;
  rows.forEach((row, at) => {
    const cell = row.cells[column];
    const value = figure.values[figure.values.length - 1 - at] ?? null;
    if (cell) cell.textContent = value === null ? digits(value) : `${digits(value)} ${unit}`;
  });
}

/**
 * A step for each run, with when it started.
 *
 * @param {number[]} times
 * @returns {import('uplot').Axis}
 */
function runAxis(times) {
  return {
    font: AXIS_FONT,
    stroke: () => colour('quiet'),
    grid: { show: false },
    space: 84,
    incrs: [1, 2, 5, 10, 20, 50, 100],
    values: (_, splits) =>
      splits.map((at) => {
        const seconds = times[at];
        return seconds === undefined ? '' : new Date(seconds * 1_000).toISOString().slice(5, 16).replace('T', ' ');
      }),
  };
}
