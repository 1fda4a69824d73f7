import { isIPv4 } from 'node:net';
import { exhaustedCodes, type MetricDefinition } from '../../support/test.ts';

/** How a transport declares the rate at which its work fails. */
export const failedRate = {
  type: 'rate',
  contains: 'default',
  tells: 'failure',
  complete: true,
  followed: true,
  ofWork: 'count',
} as const satisfies MetricDefinition;

/** What OpenSSL says of a connection that begins with TLS. */
const tlsNames: Record<string, string> = {
  EPROTO: 'no valid TLS answer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no valid TLS answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate of an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate of an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate of an unknown authority',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate of another host',
};

/** What says of an address that there is no way to it from here, such as of IPv6 on a machine that has none. */
const wayless: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EAFNOSUPPORT']);

/**
 * What went wrong. A host name with several addresses fails with one error for each of them, and the code of the first: what is to
 * be told is what this machine ran out of, else what the target did at one of them.
 */
export function causeOf(error: unknown): unknown {
  if (!(error instanceof AggregateError) || error.errors.length === 0) return error;
  const { errors } = error;
  return errors.find(isOurs) ?? errors.find(({ code }) => !wayless.has(code)) ?? errors.find(isShort) ?? errors[0];
}

function isShort({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && exhaustedCodes.has(code);
}

/** Whether it is certain: where there is no IPv6, its addresses have this name too, whatever ports are free. */
function isOurs(error: NodeJS.ErrnoException & { address?: string }): boolean {
  return isShort(error) && (error.code !== 'EADDRNOTAVAIL' || isIPv4(error.address ?? ''));
}

/** A system's or TLS's error code in the words of a report; codes that say it all, such as ECONNRESET, stay as they are. */
export function codeName(code: string): string {
  return exhaustedCodes.has(code) ? `generator: ${code}` : (tlsNames[code] ?? code);
}
