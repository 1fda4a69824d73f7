import type { Kind } from './kind.ts';

/** Nobody looked whose certificates they were (`TLS_INSECURE=1`): what was loaded may be another system. */
export interface Unverified {
  kind: 'unverified';
  severity: 'warning';
}

export const unverified: Kind<Unverified> = {
  kind: 'unverified',
  sentence: () =>
    'Nobody looked whose certificates the target’s servers had (TLS_INSECURE=1): it may have been another system.',
  nextStep: 'Set NODE_EXTRA_CA_CERTS to the authority’s certificate instead.',
};
