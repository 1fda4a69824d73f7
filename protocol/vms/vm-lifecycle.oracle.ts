import { lifecycle, oracle } from '../../support/test.ts';

oracle('vm-lifecycle', {
  promise:
    'Every VM is what it was made and told to be: none lost, none back from the dead, none in a state or place nobody asked for, none stuck on its way, and lists and searches show them so.',
  judge: lifecycle,
});
