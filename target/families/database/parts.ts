import type { DatabaseProxy } from './proxy.ts';

/** What the database's faults reach into. */
export interface DatabaseParts {
  proxy: DatabaseProxy;
}
