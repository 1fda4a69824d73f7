import type { FaultKind } from './fault.ts';
import { duration } from './values.ts';

const SCRIPT = '/slow-paint.js';
/** How the page learns that the fault has begun: by the next answer of the API. */
const COOKIE = 'slow-paint';

/** The pages take that long to show a change: between it and its paint the main thread is busy. */
export const slowPaint: FaultKind = {
  name: 'slow-paint',
  usage: 'slow-paint=<duration>, as in slow-paint=300ms',
  parse(value) {
    const delayMs = duration(value);
    return ({ app, isApi, isPage, active }) => {
      // A file of its own: the page's policy forbids scripts inside of it.
      app.get(SCRIPT, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script(delayMs)));
      app.addHook('onRequest', async (request) => {
        if (!isPage(request)) return;
        // The answer has to be the whole page, and text.
        delete request.raw.headers['accept-encoding'];
        delete request.raw.headers['if-none-match'];
      });
      app.addHook('onSend', async (request, reply, payload) => {
        if (active() && isApi(request)) reply.header('set-cookie', `${COOKIE}=1; Path=/; SameSite=Strict`);
        if (!isPage(request) || reply.statusCode !== 200) return payload;
        reply.removeHeader('etag');
        return String(payload).replace('<head>', `<head><script src="${SCRIPT}"></script>`);
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
