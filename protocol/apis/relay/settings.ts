import { httpUrl, settings } from '../../../support/family.ts';

export const relaySettings = settings({
  /** Push and pull are below it. */
  syncUrl: httpUrl('SYNC_API_URL', ({ apiUrl }) => `${apiUrl}/sync`),
});
