import type { FaultKind } from './fault.ts';
import { addPageScript } from './page-script.ts';
import { duration } from './values.ts';

/** How the page learns that the fault has begun: by the next answer of the API. */
const COOKIE = 'slow-paint';

/** The pages take that long to show a change: between it and its paint the main thread is busy. */
export const slowPaint: FaultKind = {
  name: 'slow-paint',
  usage: 'slow-paint=<duration>, as in slow-paint=300ms',
  parse(value) {
    const delayMs = duration(value);
    return ({ app, isApi, isPage, active }) => {
      addPageScript({ app, isPage }, '/slow-paint.js', script(delayMs));
      app.addHook('onSend', async (request, reply, payload) => {
        if (active() && isApi(request)) reply.header('set-cookie', `${COOKIE}=1; Path=/; SameSite=Strict`);
        return payload;
      });
    };
  },
};

function script(delayMs: number): string {
  // Observers run after the code that changed the document, and before the browser paints. One delay per paint, however
  // many changes it shows.
  return `let waiting = false;
new MutationObserver(() => {
  if (waiting || !document.cookie.includes('${COOKIE}=1')) return;
  waiting = true;
  requestAnimationFrame(() => setTimeout(() => { waiting = false; }));
  for (const end = performance.now() + ${delayMs}; performance.now() < end; );
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;
}
