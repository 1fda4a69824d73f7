import { oneOf, pathPrefix, settings } from '../../../support/family.ts';

export const vmSettings = settings({
  prefix: pathPrefix('VM_API_PREFIX', '/api/v1'),
  /** How a VM is changed. */
  updateMethod: oneOf('VM_UPDATE_METHOD', ['PATCH', 'PUT'], 'PATCH'),
});
