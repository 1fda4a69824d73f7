import type { FaultContext } from './fault.ts';

/** Every page runs this script before its own. */
export function addPageScript(
  { app, isPage }: Pick<FaultContext, 'app' | 'isPage'>,
  path: string,
  script: string,
): void {
  // A file of its own: the page's policy forbids scripts inside of it.
  app.get(path, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script));
  app.addHook('onRequest', async (request) => {
    if (!isPage(request)) return;
    // The answer has to be the whole page, and text.
    delete request.raw.headers['accept-encoding'];
    delete request.raw.headers['if-none-match'];
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isPage(request) || reply.statusCode !== 200) return payload;
    reply.removeHeader('etag');
    return String(payload).replace('<head>', `<head><script src="${path}"></script>`);
  });
}
