import { acknowledgedSet, oracle } from '../../../support/test.ts';

oracle('acknowledged-writes', {
  promise:
    'What the relay accepted can be read by the other devices of its account until it is superseded, and nothing else.',
  judge: acknowledgedSet,
});
