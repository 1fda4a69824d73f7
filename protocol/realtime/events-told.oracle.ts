import { oracle } from '../../support/test.ts';
import { eventsTold } from './watched-vm.ts';

oracle('events-told', {
  promise: 'Whoever listens is told of each VM that was started or stopped: which one, and what it is now.',
  judge: eventsTold,
});
