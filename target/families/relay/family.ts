import type { Family } from '../../core/family.ts';
import { duplicateChange } from './faults/duplicate-change.ts';
import { emptyPull } from './faults/empty-pull.ts';
import { loseWrite } from './faults/lose-write.ts';
import { rejectSilently } from './faults/reject-silently.ts';
import { relayFacts, relayRoutes } from './routes.ts';
import { RELAY_SCHEMA } from './schema.ts';
import { SyncSockets } from './sockets.ts';

/** The sync relay, and the ledger whose devices it connects. */
export const relay: Family = {
  name: 'relay',
  api: ['/sync'],
  schema: RELAY_SCHEMA,
  pages: [{ path: '/', html: 'index.html', script: 'app.js', entry: 'main.ts', style: 'app.css' }],
  faults: [duplicateChange, emptyPull, loseWrite, rejectSilently],
  start({ pool, metrics }) {
    const sockets = new SyncSockets();
    return {
      parts: {},
      sockets: [sockets],
      accountRoutes: (app) => relayRoutes(app, pool, sockets),
      openRoutes: (app) => relayFacts(app, metrics),
    };
  },
};
