import type { Family } from '../../core/family.ts';
import { illegalState } from './faults/illegal-state.ts';
import { vmLost } from './faults/vm-lost.ts';
import { vmResurrect } from './faults/vm-resurrect.ts';
import { vmRoutes } from './routes.ts';
import { VM_SCHEMA } from './schema.ts';
import { type VmParts, VmStore } from './store.ts';

/** The VM control plane, and the console of those who operate it. */
export const vms: Family<VmParts> = {
  name: 'vms',
  api: ['/api/v1/vms'],
  schema: VM_SCHEMA,
  pages: [{ path: '/console', html: 'console.html', script: 'console.js', entry: 'console/main.ts', style: 'app.css' }],
  faults: [illegalState, vmLost, vmResurrect],
  start({ pool, events }) {
    const store = new VmStore(pool, events);
    return { parts: { vms: store }, accountRoutes: (app) => vmRoutes(app, store), stop: () => store.stop() };
  },
};
