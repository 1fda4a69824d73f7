import type { Family } from '../../core/family.ts';
import { Broadcast } from './broadcast.ts';
import { Echo } from './echo.ts';
import { messageLost } from './faults/message-lost.ts';
import { messageReorder } from './faults/message-reorder.ts';
import { Messages, type WebsocketParts } from './messages.ts';

/** Messages that come back, or go to everybody in a room. */
export const websocket: Family<WebsocketParts> = {
  name: 'websocket',
  api: ['/echo', '/broadcast'],
  faults: [messageLost, messageReorder],
  start({ events }) {
    const messages = new Messages();
    return { parts: { messages }, sockets: [new Echo(messages), new Broadcast(messages, events)] };
  },
};
