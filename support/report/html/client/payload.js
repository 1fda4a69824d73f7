/** @typedef {import('../payload.ts').Payload} Payload */

/**
 * What is drawn of another run.
 *
 * @typedef {object} OtherRun
 * @property {string} runId
 * @property {Payload} [payload] of its report; its figures alone have none
 * @property {(key: string) => [oneIn: number, value: number][]} curve points: all but one in `oneIn` samples are not above
 *   `value` ms; none for a series that the run does not have
 */

/**
 * @param {string} base64 gzip
 * @returns {Promise<Payload>}
 */
export async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).json();
}

/**
 * The points of a curve, as `payload.ts` packs it.
 *
 * @param {Payload} payload
 * @param {string} key
 * @returns {[oneIn: number, value: number][]}
 */
export function pointsOf({ curves, grid }, key) {
  const curve = curves[key];
  if (!curve) return [];
  const last = curve.values.length - 1;
  return curve.values.map((value, k) => [k === last ? curve.count : (grid[k] ?? 0), value]);
}

/**
 * Shares of all samples in percent, by where the bins end, ms; none of a series that is not there, or in the report of a version without them.
 *
 * @param {Payload} payload
 * @param {string} key
 * @returns {[end: number, percent: number][]}
 */
export function sharesOf({ curves, bounds }, key) {
  const curve = curves[key];
  return curve?.bins?.map((count, i) => [bounds[curve.first + i] ?? 0, (100 * count) / curve.count]) ?? [];
}

/** Where the figures of a summary stand on the axis of percentiles. */
const SUMMARY = { med: 2, 'p(75)': 4, 'p(90)': 10, 'p(95)': 20, 'p(99)': 100 };

/**
 * Reads a report (`index.html`), or the figures of one (`metrics.json`, `verdict.json`).
 *
 * @param {File} file
 * @returns {Promise<OtherRun>}
 * @throws {Error} one sentence when it is neither
 */
export async function readRun(file) {
  const text = await file.text();
  const page = new DOMParser().parseFromString(text, 'text/html').getElementById('payload');
  try {
    if (page) {
      const payload = await unpack(page.textContent ?? '');
      return { runId: payload.runId, payload, curve: (key) => pointsOf(payload, key) };
    }
    const { runId = file.name, metrics } = JSON.parse(text);
    if (typeof metrics !== 'object' || metrics === null) throw new Error('no metrics');
    return { runId: String(runId), curve: (key) => summaryPoints(metrics[key]) };
  } catch {
    throw new Error(`${file.name} is no Tandem report; allowed is an index.html, metrics.json or verdict.json.`);
  }
}

/**
 * @param {{ count?: number, values?: Record<string, number> } | undefined} metric
 * @returns {[oneIn: number, value: number][]}
 */
function summaryPoints(metric) {
  const values = metric?.values ?? {};
  const points = Object.entries(SUMMARY).map(([stat, oneIn]) => [oneIn, values[stat]]);
  points.push([Math.max(metric?.count ?? values.count ?? 0, 101), values.max]);
  return /** @type {[number, number][]} */ (points.filter(([, value]) => typeof value === 'number'));
}
