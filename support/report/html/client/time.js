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
 * @typedef {Pick<Payload, 'intervals' | 'starts' | 'windows' | 'spans' | 'events' | 'charts' | 'scopes' | 'columns'> & Partial<Pick<Payload, 'limits' | 'chosen'>> & { times?: number[] }} Course
 */

const CHART_HEIGHT = 150;
/** Above the highest line; in the first chart also for the names of the windows. */
const ROOM = 1.08;
const NAMED_ROOM = 1.35;
/** A limit that is more times as high as all figures would make these a line at the bottom. */
const FAR = 3;
/** Pixels. */
const LEAST_SPAN = 2;
/** Where the words of a limit stand, in lines below its own: the first place that is free. */
const LIMIT_PLACES = [0, 1.3, -1, 2.3, -2, 3.3, -3];

/**
 * All charts over one axis of time, with one cursor for all.
 *
 * @param {HTMLElement} root
 * @param {Course} course
 * @returns {{ longer: (course: Course) => void, beside: (other: Payload | undefined) => void }} `longer` draws what there is of the
 *   same run, charts and scopes by now; `beside` draws another run with it
 */
export function drawTime(root, course) {
  const { charts, events, limits = [] } = course;
  let { intervals, starts, scopes, columns, windows, spans } = course;
  let times = timesOf(course);
  let endSeconds = endOf(course);
  let scope = scopes[course.chosen ?? 0];
  /** @type {Payload | undefined} */
  let other;

  /** @param {Chart} chart */
  const columnsOf = (chart) =>
    chart.lines.map(({ column }) => (chart.scoped ? scope?.columns : columns)?.[column] ?? times.map(() => null));
  /** Of another run at the same time after its start. @param {Chart} chart */
  const othersOf = (chart) => {
    const own = chart.scoped ? other?.scopes.find(({ name }) => name === scope?.name)?.columns : other?.columns;
    const places = times.map((time) => other?.starts.findLastIndex((startMs) => startMs <= time * 1_000) ?? -1);
    return chart.lines.map(({ column }) => places.map((place) => own?.[column]?.[place] ?? null));
  };
  /** @param {Chart} chart */
  const dataOf = (chart) => [...columnsOf(chart), ...othersOf(chart)];
  /** @param {Chart} chart */
  const limitsOf = (chart) =>
    limits.filter((limit) => limit.chart === chart.id && (limit.scope === null || limit.scope === scope?.name));
  /** @param {Chart} chart */
  const isNamed = (chart) => chart === charts[0] || chart.isMain === true;
  /** The end of its scale: above the highest line, and a limit that is not far above it. @param {Chart} chart */
  const topOf = (chart) => {
    const alike = charts.filter((one) => one === chart || (chart.scale && one.scale === chart.scale));
    const highest = alike
      .flatMap(dataOf)
      .flat()
      .reduce((/** @type {number} */ max, value) => Math.max(max, value ?? 0), 0);
    const near = alike.flatMap(limitsOf).filter(({ value }) => value <= FAR * highest);
    return Math.max(highest, ...near.map(({ value }) => value)) * (alike.some(isNamed) ? NAMED_ROOM : ROOM) || 1;
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
  select.value = String(course.chosen ?? 0);
  const first = charts.some(({ isMain }) => isMain) ? element('div', { class: 'first' }) : root;
  const more = element('details', { class: 'more' }, element('summary', {}, 'More charts and events'));
  if (first !== root) root.append(first, more);
  const rest = first === root ? root : more;
  rest.append(eventList());

  const drawn = charts.map((chart, i) => {
    const { list, values } = legendOf(chart.lines);
    const place = element('div', { class: 'chart', role: 'img', 'data-chart': chart.id });
    const title = element(
      'h3',
      {},
      chart.title,
      element('span', { class: 'quiet' }, [chart.unit, chart.note].map((words) => words && ` · ${words}`).join('')),
    );
    const panel = element('div', { class: 'panel' }, element('div', { class: 'above' }, title, list), place);
    (chart.isMain ? first : rest).append(panel);
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
          ...chart.lines.map(({ label }) => ({ ...lineOf(label, 'other-strong'), spanGaps: true })),
        ],
        hooks: {
          drawClear: [shade],
          draw: [mark, (plot) => bound(plot, chart), ...(isNamed(chart) ? [nameWindows] : [])],
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
      [times, ...dataOf(chart)],
    );
    place.addEventListener('click', remember);
    return { chart, plot, place, height: CHART_HEIGHT };
  });
  name();
  keepInShape(drawn);
  const figures = element('details', { class: 'figures' }, element('summary', {}, 'The figures of these charts'));
  rest.append(figures);
  figures.addEventListener('toggle', listFigures);

  select.addEventListener('change', () => {
    scope = scopes[Number(select.value)];
    refill(charts.filter(({ scoped }) => scoped));
    name();
    listFigures();
  });
  slider.addEventListener('input', () => {
    pointAt(Number(slider.value));
    remember();
  });
  whole.addEventListener('click', showWhole);
  addEventListener('hashchange', goToLinked);
  // The charts are laid out by then.
  requestAnimationFrame(goToLinked);

  function showWhole() {
    for (const { plot } of drawn)
      plot.setScale('x', { min: /** @type {number} */ (times[0]), max: /** @type {number} */ (times.at(-1)) });
  }

  /** New figures; a part of the run that somebody looks at stays in view. @param {Chart[]} changed */
  function refill(changed) {
    const filled = drawn.filter(({ chart }) => changed.includes(chart));
    for (const { chart, plot } of filled) plot.setData([times, ...dataOf(chart)], false);
    for (const { plot } of drawn) plot.redraw(true, true);
    for (const { chart, plot } of filled) plot.setScale('y', { min: 0, max: topOf(chart) });
  }

  /** When the interval of a figure began, in seconds. @param {number} index */
  function startOf(index) {
    return starts[index] === undefined ? (times[index] ?? 0) : starts[index] / 1_000;
  }

  /** A link of this page leads to the moment that is shown. */
  function remember() {
    history.replaceState(null, '', `#t=${startOf(Number(slider.value))}`);
  }

  /** To the moment that the page was opened with: `#t=12.5`, in seconds. */
  function goToLinked() {
    const [, seconds] = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash) ?? [];
    if (seconds === undefined) return;
    root.scrollIntoView();
    pointAt(indexAt(Number(seconds) * 1_000));
  }

  /** @param {number} atMs */
  function indexAt(atMs) {
    const at = starts.findLastIndex((startMs, i) => startMs <= atMs && i < intervals);
    return Math.max(0, at);
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
      told.push(...limitsOf(chart).map(({ label, isMissed }) => `required ${label}${isMissed ? ', missed' : ''}`));
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
      const link = element('a', { href: `#t=${atMs / 1_000}` }, clock(atMs / 1_000));
      link.addEventListener('click', () => pointAt(indexAt(atMs)));
      return element('li', { class: kind }, link, ' ', text);
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

  /** What thresholds ask for, as lines across. @param {uPlot} plot @param {Chart} chart */
  function bound(plot, chart) {
    const { ctx, bbox } = plot;
    const size = 11 * uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.5 * uPlot.pxRatio;
    ctx.setLineDash([6 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
    ctx.font = AXIS_FONT.replace(/^\d+/, String(size));
    ctx.textAlign = 'right';
    ctx.textBaseline = 'bottom';
    /** Where words stand. @type {number[]} */
    const taken = [];
    const isFree = (/** @type {number} */ bottom) =>
      bottom > bbox.top + size &&
      bottom < bbox.top + bbox.height &&
      taken.every((other) => Math.abs(bottom - other) >= size);
    // From top to bottom: the words of a limit that is close below another stand below its line.
    for (const { value, label, isMissed, startMs, endMs } of limitsOf(chart).sort((a, b) => b.value - a.value)) {
      const isAbove = value > (plot.scales.y?.max ?? value);
      const at = isAbove ? bbox.top + 2.6 * size : Math.round(plot.valToPos(value, 'y', true)) + 0.5;
      const { from, width } = placeOf(plot, { startMs, endMs });
      ctx.strokeStyle = colour(isMissed ? 'bad' : 'limit');
      ctx.fillStyle = colour(isMissed ? 'fail' : 'quiet');
      ctx.beginPath();
      ctx.moveTo(from, at);
      if (!isAbove) ctx.lineTo(from + width, at);
      ctx.stroke();
      const places = LIMIT_PLACES.map((lines) => at - uPlot.pxRatio + lines * size);
      const bottom = places.find(isFree) ?? places[0] ?? at;
      taken.push(bottom);
      ctx.fillText(isAbove ? `${label} ↑` : label, from + width - size / 4, bottom);
    }
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

  return {
    longer(next) {
      const isWhole = whole.hidden;
      ({ intervals, starts, scopes, columns, windows, spans } = next);
      times = timesOf(next);
      endSeconds = endOf(next);
      scope = scopes[Number(select.value)];
      slider.max = String(Math.max(0, intervals - 1));
      refill(charts);
      if (isWhole) showWhole();
      name();
    },
    beside(chosen) {
      other = chosen;
      refill(charts);
    },
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
    incrs: [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800,
      345_600,
    ],
    font: AXIS_FONT,
    stroke: () => colour('quiet'),
    grid: { show: false },
    ticks: { stroke: () => colour('line'), size: 4, width: 1 },
    values: (_, splits) => splits.map(clock),
  };
}
