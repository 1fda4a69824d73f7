import { AXIS_FONT, colour, keepInShape, lineOf, plotIn, verticalAxis } from './look.js';

const HEIGHT = 180;

/** @type {import('../trend.ts').TrendPayload} */
const { groups } = JSON.parse(document.getElementById('payload')?.textContent ?? '{"groups":[]}');
const drawn = groups.flatMap(({ times, statuses, charts }) => {
  // One run after the other: by the clock, a night would be wider than all runs of a day.
  const runs = times.map((_, at) => at);
  return charts.map(({ id, figures }) => {
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
    select.addEventListener('change', () => plot.setData(chosen()));
    return { plot, place, height: HEIGHT };
  });
});
keepInShape(drawn);

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
