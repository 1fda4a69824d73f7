import { chooseBeside } from './beside.js';
import { drawCurves } from './curves.js';
import { element } from './look.js';
import { unpack } from './payload.js';
import { listMetrics, sortable } from './tables.js';
import { drawTime } from './time.js';

for (const region of document.querySelectorAll('[data-sorted]')) sortable(/** @type {HTMLElement} */ (region));
const charts = document.getElementById('charts');
const curves = document.getElementById('curves');
const beside = document.getElementById('beside');
const metrics = /** @type {HTMLDetailsElement | null} */ (document.getElementById('metrics-list'));
unfold();
addEventListener('hashchange', unfold);
// Paper cannot be clicked. Tables of all there is are printed where somebody has opened them.
addEventListener('beforeprint', () => {
  const rest = /** @type {NodeListOf<HTMLDetailsElement>} */ (
    document.querySelectorAll('details:not(#metrics-list, .figures)')
  );
  for (const details of rest) details.open = true;
});
try {
  const payload = await unpack(document.getElementById('payload')?.textContent ?? '');
  const time = charts && drawTime(charts, payload);
  const showCurves = curves && drawCurves(curves, payload);
  if (metrics) listMetrics(metrics, payload.metrics);
  if (beside) {
    chooseBeside(beside, (other) => {
      time?.beside(other?.payload);
      showCurves?.(other);
    });
  }
} catch (error) {
  const said = `The charts could not be drawn: ${/** @type {Error} */ (error).message}. All figures are in verdict.json.`;
  (charts ?? curves)?.replaceChildren(element('p', {}, said));
  throw error;
}

/** What a link leads to is open. */
function unfold() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  const details = target?.querySelector(':scope > details');
  if (!(details instanceof HTMLDetailsElement) || details.open) return;
  details.open = true;
  target?.scrollIntoView();
}
