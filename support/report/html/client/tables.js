import { element, scrollingTable } from './look.js';

/** A table shorter than this is seen at a glance. */
const FILTER_FROM = 8;

/**
 * Makes a table sort by its column headings, and filter when it is long.
 *
 * @param {HTMLElement} region around the table
 */
export function sortable(region) {
  const table = /** @type {HTMLTableElement} */ (region.querySelector('table'));
  const body = /** @type {HTMLTableSectionElement} */ (table.tBodies[0]);
  const headings = [...table.querySelectorAll('thead th')];
  headings.forEach((heading, at) => {
    const button = element('button', { type: 'button' }, ...heading.childNodes);
    heading.append(button);
    heading.setAttribute('aria-sort', 'none');
    button.addEventListener('click', () => {
      const descending = heading.getAttribute('aria-sort') === 'ascending';
      for (const other of headings) other.setAttribute('aria-sort', 'none');
      heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      body.append(...[...body.rows].sort((a, b) => compare(a, b, at, descending)));
    });
  });
  if (body.rows.length >= FILTER_FROM) region.before(filterOf(table, body));
}

/**
 * Numbers by what they are, words by the alphabet; what has no value stays last in both directions.
 *
 * @param {HTMLTableRowElement} a
 * @param {HTMLTableRowElement} b
 * @param {number} at
 * @param {boolean} descending
 */
function compare(a, b, at, descending) {
  const [one, other] = [a, b].map((row) => {
    const cell = /** @type {HTMLTableCellElement} */ (row.cells[at]);
    const { value } = cell.dataset;
    return { text: cell.textContent ?? '', number: value === undefined || value === '' ? undefined : Number(value) };
  });
  if (!one || !other) return 0;
  if (one.number === undefined && other.number === undefined) {
    return one.text.localeCompare(other.text, 'en', { numeric: true }) * (descending ? -1 : 1);
  }
  if (one.number === undefined) return 1;
  if (other.number === undefined) return -1;
  return descending ? other.number - one.number : one.number - other.number;
}

/**
 * @param {HTMLTableElement} table
 * @param {HTMLTableSectionElement} body
 */
function filterOf(table, body) {
  const input = element('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
  const found = element('output', {});
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of body.rows) {
      const text = (row.textContent ?? '').toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    found.textContent = input.value.trim() === '' ? '' : `${shown} of ${body.rows.length} rows`;
  });
  const name = (table.caption?.textContent ?? '').toLowerCase();
  return element('p', { class: 'filter' }, element('label', {}, `Filter ${name} `, input), ' ', found);
}

/**
 * All metrics, in a table that is made when somebody opens it.
 *
 * @param {HTMLDetailsElement} details
 * @param {import('./payload.js').Payload['metrics']} metrics
 */
export function listMetrics(details, metrics) {
  const list = () => {
    const rows = metrics.map(({ key, type, figures }) => {
      const cells = figures.map(([value, text]) => element('td', { class: 'number', 'data-value': value ?? '' }, text));
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, element('code', {}, key)),
        element('td', {}, type),
        ...cells,
      );
    });
    const titles = ['series', 'type', 'samples', 'average, total or value', 'med', 'p95', 'p99', 'max'];
    const region = scrollingTable('All metrics', titles, rows);
    details.append(region);
    sortable(region);
  };
  details.addEventListener('toggle', list, { once: true });
}
