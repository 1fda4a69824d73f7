import { lifecycle, oracle } from '../../support/test.ts';

oracle('vm-lifecycle', {
  promise:
    'Every VM is what it was made and told to be: none lost, none back from the dead, none in a state nobody asked for.',
  judge: lifecycle,
});
