/** Node's codes for a certificate of which it does not know the authority. */
const untrusted = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_|UNABLE_TO_(?:GET|VERIFY)_|CERT_)/;
/** What no authority makes good. */
const expired = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)/;
const ofAnother = /^ERR_TLS_CERT_ALTNAME_INVALID/;
/** In TLS 1.3 and before it: the server wants a certificate of ours. */
const uncertified = /^ERR_SSL_(?:TLSV13_ALERT_CERTIFICATE_REQUIRED|SSLV3_ALERT_(?:HANDSHAKE_FAILURE|BAD_CERTIFICATE))/;

/**
 * What helps where TLS ends in this code; undefined when that is not for a certificate.
 * @param variable that names the address
 */
export function certificateRemedy(code: string, variable: string): string | undefined {
  const insecure = 'trust every certificate with TLS_INSECURE=1';
  if (expired.test(code)) return `renew its certificate, or ${insecure}`;
  if (ofAnother.test(code)) return `name the host in ${variable} as its certificate does, or ${insecure}`;
  if (uncertified.test(code)) return 'show a certificate that it trusts, with TLS_CLIENT_CERT and TLS_CLIENT_KEY';
  if (!untrusted.test(code)) return undefined;
  return 'trust its authority with NODE_EXTRA_CA_CERTS, or every certificate with TLS_INSECURE=1';
}
