import { delivery, oracle } from '../../support/test.ts';

oracle('kernel-events', {
  promise: 'Whoever watches a kernel gets every event of it, once, in order.',
  judge: delivery,
});
