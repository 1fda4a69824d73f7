import { lifecycle, oracle } from '../../support/test.ts';

/** A session is a resource that a login makes, and a logout or its age deletes. */
oracle('sessions', {
  promise:
    'A token is refused after its logout and once its time is over, and nobody is let in without the password, as somebody else, or shown what is another organisation’s.',
  judge: lifecycle,
});
