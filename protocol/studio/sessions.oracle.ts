import { lifecycle, oracle } from '../../support/test.ts';

/** A session is a resource that a login makes and a logout deletes. */
oracle('sessions', {
  promise: 'A token is refused after its logout, and nobody is ever shown what is another organisation’s.',
  judge: lifecycle,
});
