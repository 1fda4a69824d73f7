import uPlot from 'uplot';

/**
 * An element with attributes and children; text is text, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * A table in a region that scrolls by itself.
 *
 * @param {string} caption
 * @param {string[]} titles
 * @param {HTMLTableRowElement[]} rows
 */
export function scrollingTable(caption, titles, rows) {
  const head = titles.map((title, i) => element('th', { scope: 'col', ...(i > 0 && { class: 'number' }) }, title));
  const table = element(
    'table',
    {},
    element('caption', { class: 'unseen' }, caption),
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...rows),
  );
  return element('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': `${caption}, table` }, table);
}

/**
 * @param {string} name
 * @param {string[]} figures
 */
export function tableRow(name, figures) {
  const cells = figures.map((figure) => element('td', { class: 'number' }, figure));
  return element('tr', {}, element('th', { scope: 'row' }, name), ...cells);
}

/**
 * The value of a custom property: charts are drawn in the colours of the page.
 *
 * @param {string} name
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** @param {number | null | undefined} value */
export function digits(value) {
  if (value === null || value === undefined) return '–';
  const finely = Math.abs(value) < 1_000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString('en-US', finely);
}

/** @param {number} seconds since the run's start */
export function clock(seconds) {
  const text = new Date(seconds * 1_000).toISOString().slice(14, 19);
  // A day has no end here.
  return seconds < 3_600 ? text : `${String(Math.floor(seconds / 3_600)).padStart(2, '0')}:${text}`;
}

const NARROW = 34;
export const AXIS_FONT = '11px system-ui, sans-serif';

/**
 * The vertical axis of all charts: of one width, so that what is below each other happened at the same time.
 *
 * @returns {uPlot.Axis}
 */
export function verticalAxis() {
  return {
    scale: 'y',
    size: 52,
    gap: 6,
    space: NARROW,
    font: AXIS_FONT,
    stroke: () => colour('quiet'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => (value >= 1e6 ? `${digits(value / 1e6)} M` : digits(value))),
  };
}

/**
 * Charts keep the width of their places, and the colours of the page.
 *
 * @param {{ plot: uPlot, place: HTMLElement, height: number }[]} charts
 */
export function keepInShape(charts) {
  const fit = () => {
    for (const { plot, place, height } of charts) {
      if (place.clientWidth > 0 && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height });
    }
  };
  const redraw = () => {
    for (const { plot } of charts) plot.redraw();
  };
  const observer = new ResizeObserver(fit);
  for (const { place } of charts) observer.observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // A window may be dark, and wider than paper: what is drawn for it would be cut off there.
  for (const event of ['beforeprint', 'afterprint']) {
    addEventListener(event, () => {
      document.documentElement.classList.toggle('paper', event === 'beforeprint');
      fit();
      redraw();
    });
  }
}

const DASH = { plan: [5, 4], other: [6, 4] };
const WIDTH = { weak: 1, middle: 1.25, strong: 1.75, plan: 1.25, bad: 1.75 };

/**
 * @param {string} label
 * @param {string} look a shade; those of another run have `other-` before it
 * @returns {uPlot.Series}
 */
export function lineOf(label, look) {
  const isOther = look.startsWith('other-');
  return {
    label,
    scale: 'y',
    stroke: () => colour(look),
    width: WIDTH[/** @type {keyof typeof WIDTH} */ (look)] ?? 1.5,
    dash: isOther ? DASH.other : look === 'plan' ? DASH.plan : undefined,
    // A line shows where it goes by itself; a figure without neighbours would not be seen.
    points: {
      show: true,
      size: 5,
      stroke: () => colour(look),
      fill: () => colour(look),
      filter: (plot, at) => lonely(/** @type {(number | null)[]} */ (plot.data[at])),
    },
  };
}

/** @param {(number | null)[]} column */
function lonely(column) {
  return column.flatMap((value, i) => (value !== null && (column[i - 1] ?? column[i + 1]) == null ? [i] : []));
}

/**
 * The names of a chart's lines, each with the value under the cursor.
 *
 * @param {{ label: string, look: string }[]} lines
 */
export function legendOf(lines) {
  const values = lines.map(() => element('span', { class: 'value' }));
  const items = lines.map(({ label, look }, i) =>
    element('li', {}, element('span', { class: `swatch ${look}` }), `${label} `, /** @type {Node} */ (values[i])),
  );
  return { list: element('ul', { class: 'legend', 'aria-hidden': 'true' }, ...items), values };
}

/**
 * A chart without the parts of uPlot that we have of our own.
 *
 * @param {Partial<uPlot.Options> & Pick<uPlot.Options, 'series' | 'height'>} options
 * @param {uPlot.AlignedData} data
 * @param {HTMLElement} place
 */
export function plotIn(place, options, data) {
  return new uPlot(
    {
      width: Math.max(200, place.clientWidth),
      legend: { show: false },
      padding: [8, 22, 0, 0],
      ...options,
      cursor: { y: false, points: { size: 6 }, move: toNearest, ...options.cursor },
    },
    data,
    place,
  );
}

/**
 * The cursor goes from figure to figure; there is nothing between them.
 *
 * @param {uPlot} plot
 * @param {number} left
 * @param {number} top
 * @returns {[left: number, top: number]}
 */
function toNearest(plot, left, top) {
  if (left < 0) return [left, top];
  return [plot.valToPos(plot.data[0][plot.posToIdx(left)] ?? 0, 'x'), top];
}
