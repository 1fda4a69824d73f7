import { acknowledgedSet, oracle } from '../../support/test.ts';

oracle('committed-rows', {
  promise:
    'What was committed is there in the end, and nothing that was rolled back; of a commit without an answer either may be.',
  judge: acknowledgedSet,
});
