import { convergence, oracle } from '../../support/test.ts';

oracle('convergence', {
  promise: 'Replicas of a document end up equal, and hold nothing of another one.',
  judge: convergence,
});
