import type { Family } from '../../core/family.ts';
import { authRoutes } from './routes.ts';

/** Users and their sessions. */
export const auth: Family = {
  name: 'auth',
  api: ['/api/v1/auth/'],
  start: ({ pool, accounts }) => ({ parts: {}, openRoutes: (app) => authRoutes(app, pool, accounts) }),
};
