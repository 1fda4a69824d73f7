import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSlice } from '../slice.fixture.ts';
import { Exchange, ExchangeSeries } from './exchange.ts';
import { causeOf, codeName } from './failure.ts';
import { failureName } from './socket.ts';
import { databaseError } from './sqlstate.ts';
import { UnderWay } from './under-way.ts';

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

/** As Node tells of a host name whose addresses all failed. */
function ofAddresses(...failures: string[]): Error {
  const errors = failures.map((failure) => {
    const [code, address] = failure.split(' ');
    return Object.assign(new Error(`connect ${failure}`), { code, address });
  });
  return Object.assign(new AggregateError(errors), { code: errors[0]!.code });
}

test('of a host with several addresses what the target did is told, not that one of them cannot be reached from here', () => {
  const table: [codes: string[], name: string][] = [
    // Of `localhost`, where there is no IPv6.
    [['EADDRNOTAVAIL ::1', 'ECONNREFUSED 127.0.0.1'], 'ECONNREFUSED'],
    // And where there is, at which nobody listens: no port is left for the address at which somebody does.
    [['ECONNREFUSED ::1', 'EADDRNOTAVAIL 127.0.0.1'], 'generator: EADDRNOTAVAIL'],
    [['EADDRNOTAVAIL 127.0.0.1', 'ECONNREFUSED ::1'], 'generator: EADDRNOTAVAIL'],
    [['ECONNREFUSED', 'EMFILE'], 'generator: EMFILE'],
    [['ECONNREFUSED', 'ENETUNREACH'], 'ECONNREFUSED'],
    [['ENETUNREACH', 'ETIMEDOUT'], 'ETIMEDOUT'],
    [['EADDRNOTAVAIL', 'EADDRNOTAVAIL'], 'generator: EADDRNOTAVAIL'],
    [['ENETUNREACH', 'EADDRNOTAVAIL'], 'generator: EADDRNOTAVAIL'],
    [['EMFILE', 'ECONNREFUSED'], 'generator: EMFILE'],
    [['ENETUNREACH', 'ENETUNREACH'], 'ENETUNREACH'],
  ];
  for (const [codes, name] of table) {
    const slice = testSlice('http://127.0.0.1');
    const series = new ExchangeSeries(slice.recorder, 'thing');
    const call = { op: 'thing', method: 'GET', path: '/' };
    const limits = { maxBytes: 1, isKept: true };
    new Exchange(call, series, limits, new UnderWay<Exchange>(), () => {}).onError(ofAddresses(...codes));
    const named = [Object.keys(slice.recorder.errors), databaseError(ofAddresses(...codes))];
    assert.deepEqual([...named, failureName(ofAddresses(...codes), false)], [[name], name, name], codes.join());
  }
  const single = new Error('mine');
  assert.deepEqual([causeOf(single), causeOf(undefined)], [single, undefined]);
});
