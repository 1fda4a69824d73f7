import { lifecycle, oracle } from '../../support/test.ts';

oracle('agent-lifecycle', {
  promise: 'Every agent is what it was made and told to be: none lost, none back from the dead, none missing in lists.',
  judge: lifecycle,
});
