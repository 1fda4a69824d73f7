import { oracle } from '../../support/test.ts';
import { migrationContinuity } from './history.ts';

oracle('migration-continuity', {
  promise:
    'Each migration ends once, in its target zone, with its data, and leaves no second VM behind; REST and stream agree.',
  judge: migrationContinuity,
});
