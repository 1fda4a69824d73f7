import { drawCurves } from './curves.js';
import { element } from './look.js';
import { unpack } from './payload.js';
import { listMetrics, sortable } from './tables.js';
import { drawTime } from './time.js';

for (const region of document.querySelectorAll('[data-sorted]')) sortable(/** @type {HTMLElement} */ (region));
const charts = document.getElementById('charts');
const curves = document.getElementById('curves');
const metrics = /** @type {HTMLDetailsElement | null} */ (document.getElementById('metrics-list'));
try {
  const payload = await unpack(document.getElementById('payload')?.textContent ?? '');
  if (charts) drawTime(charts, payload);
  if (curves) drawCurves(curves, payload);
  if (metrics) listMetrics(metrics, payload.metrics);
} catch (error) {
  const said = `The charts could not be drawn: ${/** @type {Error} */ (error).message}. All figures are in verdict.json.`;
  (charts ?? curves)?.replaceChildren(element('p', {}, said));
  throw error;
}
