import { delivery, oracle } from '../../support/test.ts';

oracle('event-delivery', {
  promise: 'No event is lost, doubled or out of order, by its sequence number.',
  judge: delivery,
});
