import type { Family } from '../../core/family.ts';
import { tokenSurvivesLogout } from './faults/token-survives-logout.ts';
import { Passwords } from './passwords.ts';
import { authRoutes } from './routes.ts';

/** Users and their sessions. */
export const auth: Family = {
  name: 'auth',
  api: ['/api/v1/auth/'],
  faults: [tokenSurvivesLogout],
  start({ pool, accounts, scryptN }) {
    const passwords = new Passwords(scryptN);
    return { parts: {}, openRoutes: (app) => authRoutes(app, pool, accounts, passwords) };
  },
};
