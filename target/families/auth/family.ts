import type { Family } from '../../core/family.ts';
import { tokenOutlives } from './faults/token-outlives.ts';
import { tokenSurvivesLogout } from './faults/token-survives-logout.ts';
import { Passwords } from './passwords.ts';
import { authRoutes } from './routes.ts';

/** Users and their sessions. */
export const auth: Family = {
  name: 'auth',
  api: ['/api/v1/auth/'],
  faults: [tokenOutlives, tokenSurvivesLogout],
  start({ pool, accounts, scryptN, tokenSeconds }) {
    const passwords = new Passwords(scryptN);
    return { parts: {}, openRoutes: (app) => authRoutes(app, pool, accounts, passwords, tokenSeconds) };
  },
};
