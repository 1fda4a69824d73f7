import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeName } from './failure.ts';

test('a code says whose failure it is; one that needs no words keeps its own', () => {
  const table = {
    EMFILE: 'generator: EMFILE',
    ENFILE: 'generator: ENFILE',
    EADDRNOTAVAIL: 'generator: EADDRNOTAVAIL',
    CERT_HAS_EXPIRED: 'certificate has expired',
    CERT_NOT_YET_VALID: 'certificate is not valid yet',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed',
    ERR_TLS_CERT_ALTNAME_INVALID: 'certificate of another host',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate of an unknown authority',
    ERR_SSL_WRONG_VERSION_NUMBER: 'no valid TLS answer',
    CERT_REVOKED: 'CERT_REVOKED',
    ECONNRESET: 'ECONNRESET',
  };
  for (const [code, name] of Object.entries(table)) assert.equal(codeName(code), name);
});
