import uPlot from 'uplot';
import {
  AXIS_FONT,
  clock,
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

/** @typedef {import('./payload.js').Payload} Payload */
/** @typedef {Payload['charts'][number]} Chart */
/** @typedef {Payload['windows'][number]} RunWindow */
/**
 * A run over time; `times`, in seconds, are the moments of its figures where these are not the middles of intervals.
 *
 * @typedef {Pick<Payload, 'intervals' | 'starts' | 'windows' | 'spans' | 'events' | 'charts' | 'scopes' | 'columns'> & { times?: number[] }} Course
 */

const CHART_HEIGHT = 150;
/** Above the highest line; in the first chart also for the names of the windows. */
const ROOM = 1.08;
const NAMED_ROOM = 1.35;
/** Pixels. */
const LEAST_SPAN = 2;

/**
 * All charts over one axis of time, with one cursor for all.
 *
 * @param {HTMLElement} root
 * @param {Course} course
 * @returns {(longer: Course) => void} draws what there is of the same run, charts and scopes by now
 */
export function drawTime(root, course) {
  const { charts, events } = course;
  let { intervals, starts, scopes, columns, windows, spans } = course;
  let times = timesOf(course);
  let endSeconds = endOf(course);
  let scope = scopes[0];

  /** @param {Chart} chart */
  const columnsOf = (chart) =>
    chart.lines.map(({ column }) => (chart.scoped ? scope?.columns : columns)?.[column] ?? times.map(() => null));
  /** The end of its scale: above the highest line. @param {Chart} chart */
  const topOf = (chart) => {
    const alike = charts.filter((other) => other === chart || (chart.scale && other.scale === chart.scale));
    const highest = alike
      .flatMap(columnsOf)
      .flat()
      .reduce((/** @type {number} */ max, value) => Math.max(max, value ?? 0), 0);
    return highest * (chart === charts[0] ? NAMED_ROOM : ROOM) || 1;
  };

  const sync = uPlot.sync('time');
  const select = element('select', {}, ...scopes.map(({ name }, i) => element('option', { value: i }, name)));
  const slider = element('input', { type: 'range', min: 0, max: Math.max(0, intervals - 1), value: 0, step: 1 });
  const moment = element('output', { class: 'moment' }, clock(0));
  const whole = element('button', { type: 'button', hidden: '' }, 'Show the whole run');
  root.append(
    element(
      'div',
      { class: 'toolbar' },
      element('label', {}, 'Scenario ', select),
      element('label', { class: 'slide' }, 'Moment ', slider, ' ', moment),
      whole,
    ),
  );
  root.append(eventList());

  const drawn = charts.map((chart, i) => {
    const { list, values } = legendOf(chart.lines);
    const place = element('div', { class: 'chart', role: 'img', 'data-chart': chart.id });
    const title = element(
      'h3',
      {},
      chart.title,
      element('span', { class: 'quiet' }, [chart.unit, chart.note].map((words) => words && ` · ${words}`).join('')),
    );
    root.append(element('div', { class: 'panel' }, element('div', { class: 'above' }, title, list), place));
    const plot = plotIn(
      place,
      {
        height: CHART_HEIGHT,
        cursor: { sync: { key: sync.key, scales: ['x', null] }, drag: { x: true, y: false } },
        scales: {
          x: {
            time: false,
            // Whole: from the start to the end, not from the middle of the first interval to that of the last.
            range: (_, min, max) => (min === times[0] && max === times.at(-1) ? [0, endSeconds] : [min, max]),
          },
          y: { range: () => [0, topOf(chart)] },
        },
        axes: [timeAxis(), verticalAxis()],
        series: [
          {},
          ...chart.lines.map(({ label, look }) => ({
            ...lineOf(label, look),
            ...(!chart.scoped && { spanGaps: true }),
          })),
        ],
        hooks: {
          drawClear: [shade],
          draw: i === 0 ? [mark, nameWindows] : [mark],
          setCursor: [
            ({ cursor: { idx } }) => {
              values.forEach((value, at) => {
                value.textContent = typeof idx === 'number' ? digits(columnsOf(chart)[at]?.[idx]) : '';
              });
              if (i === 0 && typeof idx === 'number') tell(idx);
            },
          ],
          setScale: [
            (plot, key) => {
              if (key === 'x' && i === 0) whole.hidden = plot.scales.x?.min === 0 && plot.scales.x.max === endSeconds;
            },
          ],
        },
      },
      [times, ...columnsOf(chart)],
    );
    return { chart, plot, place, height: CHART_HEIGHT };
  });
  name();
  keepInShape(drawn);
  const figures = element('details', { class: 'figures' }, element('summary', {}, 'The figures of these charts'));
  root.append(figures);
  figures.addEventListener('toggle', listFigures);

  select.addEventListener('change', () => {
    scope = scopes[Number(select.value)];
    refill(charts.filter(({ scoped }) => scoped));
    name();
    listFigures();
  });
  slider.addEventListener('input', () => pointAt(Number(slider.value)));
  whole.addEventListener('click', showWhole);

  function showWhole() {
    for (const { plot } of drawn)
      plot.setScale('x', { min: /** @type {number} */ (times[0]), max: /** @type {number} */ (times.at(-1)) });
  }

  /** New figures; a part of the run that somebody looks at stays in view. @param {Chart[]} changed */
  function refill(changed) {
    const filled = drawn.filter(({ chart }) => changed.includes(chart));
    for (const { chart, plot } of filled) plot.setData([times, ...columnsOf(chart)], false);
    for (const { plot } of drawn) plot.redraw(true, true);
    for (const { chart, plot } of filled) plot.setScale('y', { min: 0, max: topOf(chart) });
  }

  /** When the interval of a figure began, in seconds. @param {number} index */
  function startOf(index) {
    return starts[index] === undefined ? (times[index] ?? 0) : starts[index] / 1_000;
  }

  /** @param {number} index */
  function pointAt(index) {
    const time = times[index];
    if (time === undefined) return;
    for (const { plot } of drawn) plot.setCursor({ left: plot.valToPos(time, 'x'), top: 10 });
    tell(index);
  }

  /** @param {number} index */
  function tell(index) {
    const text = clock(startOf(index));
    slider.value = String(index);
    slider.setAttribute('aria-valuetext', text);
    moment.textContent = text;
  }

  /** What the charts say to those who do not see them; one that has nothing to show is not there. */
  function name() {
    for (const { chart, place } of drawn) {
      const own = columnsOf(chart);
      const panel = /** @type {HTMLElement} */ (place.parentElement);
      panel.hidden = own.flat().every((value) => value === null);
      const told = chart.lines.map(({ label }, at) => {
        const known = (own[at] ?? []).filter((value) => value !== null);
        const unit = chart.unit && ` ${chart.unit}`;
        if (known.length === 0) return `${label}: nothing measured`;
        return `${label}: ${digits(Math.min(...known))} to ${digits(Math.max(...known))}${unit}`;
      });
      const of = chart.scoped && scope ? ` of ${scope.name}` : '';
      place.setAttribute('aria-label', `${chart.title}${of} over time. ${told.join('; ')}.`);
    }
  }

  function listFigures() {
    figures.querySelector('.scroll')?.remove();
    if (!figures.open) return;
    const shown = charts.filter(({ lines }) => lines.length > 0);
    const titles = shown.flatMap(({ title, unit, lines }) =>
      lines.map(({ label }) => `${title}, ${label}${unit && ` (${unit})`}`),
    );
    const figured = shown.flatMap(columnsOf);
    const rows = times.map((_, index) =>
      tableRow(
        clock(startOf(index)),
        figured.map((column) => digits(column[index])),
      ),
    );
    figures.append(scrollingTable(`Figures of ${scope?.name ?? 'the run'} over time`, ['time', ...titles], rows));
  }

  function eventList() {
    const items = events.map(({ atMs, kind, text }) => {
      const button = element('button', { type: 'button' }, clock(atMs / 1_000));
      button.addEventListener('click', () =>
        pointAt(
          Math.max(
            0,
            starts.findLastIndex((startMs, i) => startMs <= atMs && i < intervals),
          ),
        ),
      );
      return element('li', { class: kind }, button, ' ', text);
    });
    return element('ol', { class: 'events', 'aria-label': 'Events' }, ...items);
  }

  /** @param {uPlot} plot @param {Pick<RunWindow, 'startMs' | 'endMs'>} window */
  function placeOf({ bbox, valToPos }, { startMs, endMs }) {
    const from = Math.max(bbox.left, valToPos(startMs / 1_000, 'x', true));
    return { from, width: Math.min(bbox.left + bbox.width, valToPos(endMs / 1_000, 'x', true)) - from };
  }

  /** The windows, as a tint behind the lines, and over it what was broken on purpose. @param {uPlot} plot */
  function shade(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const window of windows) {
      const { from, width } = placeOf(plot, window);
      ctx.fillStyle = colour(window.isQuiet ? 'tint-calm' : 'tint-load');
      if (width > 0) ctx.fillRect(from, bbox.top, width, bbox.height);
    }
    ctx.fillStyle = colour('tint-drill');
    for (const span of spans) {
      const { from, width } = placeOf(plot, span);
      // What happens at an instant is seen too.
      ctx.fillRect(from, bbox.top, Math.max(width, LEAST_SPAN * uPlot.pxRatio), bbox.height);
    }
    ctx.restore();
  }

  /** The windows' names, on what is below them. @param {uPlot} plot */
  function nameWindows(plot) {
    const { ctx, bbox } = plot;
    const size = 11 * uPlot.pxRatio;
    ctx.save();
    ctx.font = AXIS_FONT.replace(/^\d+/, String(size));
    ctx.textAlign = 'left';
    ctx.textBaseline = 'top';
    for (const window of windows) {
      const { from, width } = placeOf(plot, window);
      const needed = ctx.measureText(window.name).width + size;
      if (needed > width) continue;
      ctx.fillStyle = colour(window.isQuiet ? 'tint-calm' : 'tint-load');
      ctx.fillRect(from + 2 * uPlot.pxRatio, bbox.top, needed, size * 1.6);
      ctx.fillStyle = colour('quiet');
      ctx.fillText(window.name, from + size / 2, bbox.top + size * 0.4);
    }
    // Those of drills below them, each as far as it does not run into the next.
    ctx.fillStyle = colour('bad');
    spans.forEach((span, i) => {
      const { from } = placeOf(plot, span);
      const next = spans[i + 1]
        ? placeOf(plot, /** @type {typeof span} */ (spans[i + 1])).from
        : bbox.left + bbox.width;
      if (ctx.measureText(span.name).width < next - from) ctx.fillText(span.name, from, bbox.top + size * 1.8);
    });
    ctx.restore();
  }

  /** The events, as lines from top to bottom. @param {uPlot} plot */
  function mark(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = uPlot.pxRatio;
    for (const { atMs, kind } of events) {
      const at = Math.round(plot.valToPos(atMs / 1_000, 'x', true)) + 0.5;
      const isTrouble = kind === 'target-down' || kind === 'interrupted';
      ctx.strokeStyle = colour(isTrouble ? 'bad' : 'event');
      ctx.setLineDash(isTrouble ? [] : [2 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  return (longer) => {
    const isWhole = whole.hidden;
    ({ intervals, starts, scopes, columns, windows, spans } = longer);
    times = timesOf(longer);
    endSeconds = endOf(longer);
    scope = scopes[Number(select.value)];
    slider.max = String(Math.max(0, intervals - 1));
    refill(charts);
    if (isWhole) showWhole();
    name();
  };
}

/** In seconds. @param {Course} course */
function timesOf({ times, intervals, starts }) {
  const at = (/** @type {number} */ index) => starts[index] ?? 0;
  return times ?? Array.from({ length: intervals }, (_, index) => (at(index) + at(index + 1)) / 2_000);
}

/** In seconds. @param {Course} course */
function endOf({ windows, starts }) {
  return (windows.at(-1)?.endMs ?? starts.at(-1) ?? 0) / 1_000;
}

/** @returns {uPlot.Axis} */
function timeAxis() {
  return {
    scale: 'x',
    size: 24,
    gap: 4,
    space: 64,
    incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400],
    font: AXIS_FONT,
    stroke: () => colour('quiet'),
    grid: { show: false },
    ticks: { stroke: () => colour('line'), size: 4, width: 1 },
    values: (_, splits) => splits.map(clock),
  };
}
