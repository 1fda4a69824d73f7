import { oracle } from '../../support/test.ts';
import { messageDelivery } from './message-delivery.ts';

oracle('message-delivery', {
  promise: 'Every message comes back, or to everybody, once and in order.',
  judge: messageDelivery,
});
