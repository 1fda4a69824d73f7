import type { Family } from '../../core/family.ts';
import { agentLost } from './faults/agent-lost.ts';
import { listMisses } from './faults/list-misses.ts';
import { staleUpdate } from './faults/stale-update.ts';
import { tenantLeak } from './faults/tenant-leak.ts';
import { studioRoutes } from './routes.ts';
import { STUDIO_SCHEMA } from './schema.ts';
import { Studio, type StudioParts } from './studio.ts';

/** The agent studio, and the page of those who build there. */
export const studio: Family<StudioParts> = {
  name: 'studio',
  api: ['/api/v1/agents', '/api/v1/pipelines', '/api/v1/deployments', '/api/v1/metrics'],
  schema: STUDIO_SCHEMA,
  pages: [
    {
      path: '/studio',
      html: 'studio/studio.html',
      script: 'studio.js',
      entry: 'studio/main.ts',
      style: 'studio/studio.css',
    },
  ],
  faults: [agentLost, listMisses, staleUpdate, tenantLeak],
  start({ pool, accounts, timeScale }) {
    const studio = new Studio(pool, timeScale);
    return { parts: { studio }, accountRoutes: (app) => studioRoutes(app, studio, accounts) };
  },
};
