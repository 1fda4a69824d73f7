import { families } from '../../protocol/families.ts';
import { tandemConfig } from '../../support/config.ts';

/** A project of its own for the bench: real loads in profiles that show how far they go. */
export default tandemConfig(import.meta.dirname, families);
