import { element } from './look.js';
import { readRun } from './payload.js';

/**
 * Another run, chosen by whoever reads, beside this one.
 *
 * @param {HTMLElement} place
 * @param {(other: import('./payload.js').OtherRun | undefined) => void} show undefined when what was chosen is no run
 */
export function chooseBeside(place, show) {
  const input = element('input', { type: 'file', accept: '.html,.json' });
  const said = element('output', {});
  place.append(element('label', {}, 'Beside another run (its index.html or metrics.json) ', input), said);
  input.addEventListener('change', async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      const other = await readRun(file);
      said.textContent = `Dashed: ${other.runId}${other.payload ? '' : ', in the percentiles alone'}`;
      show(other);
    } catch (error) {
      said.textContent = /** @type {Error} */ (error).message;
      show(undefined);
    }
  });
}
