import { oracle } from '../../support/test.ts';
import { addUp } from './tally.ts';

oracle('committed-sums', {
  promise:
    'Rows have changed by what was committed, each by its own and no more than that; of a commit without an answer either may be.',
  judge: addUp,
});
