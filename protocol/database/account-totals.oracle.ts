import { conservation, oracle } from '../../support/test.ts';

oracle('account-totals', {
  promise:
    'Money that is moved between accounts neither grows nor shrinks, whenever and at whatever isolation level one looks.',
  judge: conservation,
});
