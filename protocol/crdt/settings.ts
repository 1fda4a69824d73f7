import { oneOf, settings, wsUrl } from '../../support/family.ts';

/** Servers of Yjs rooms that differ in how a connection begins and what stands in front of each message. */
export const yjsDialects = ['y-websocket', 'hocuspocus'] as const;
export type YjsDialect = (typeof yjsDialects)[number];

export const roomSettings = settings({
  /** A server of Yjs rooms. */
  yjsUrl: wsUrl('YJS_URL', ({ wsUrl }) => `${wsUrl}/yjs`),
  /** What that server speaks; undefined: to be found out. */
  dialect: oneOf('YJS_DIALECT', yjsDialects),
});
