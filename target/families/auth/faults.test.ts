import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { assertStrikes, SEED, SHARE } from '../../core/faults.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { parseFaults } from '../../target.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

/** Of so many sessions, which go on after their logout. */
async function surviving(t: TestContext, faults: string, count: number): Promise<boolean[]> {
  const options = { databaseUrl: database.url, faults: parseFaults(faults), faultsSeed: SEED };
  const target = await testTarget(t, options);
  const call = async (path: string, body?: object, token = '') => {
    const response = await fetch(`${target.url}/api/v1/auth/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { ...(body && { 'content-type': 'application/json' }), authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const ada = { email: `${randomUUID()}@example.org`, password: 'correct horse', name: 'Ada', organization_name: 'A' };
  await call('register', ada);
  const survived: boolean[] = [];
  for (let index = 0; index < count; index++) {
    const { access_token, refresh_token } = (await call('login', ada)).body;
    assert.equal((await call('me', undefined, access_token)).status, 200);
    const logout = await call('logout', { refresh_token });
    assert.deepEqual(logout, { status: 200, body: { message: 'Logged out.' } });
    survived.push((await call('me', undefined, access_token)).status === 200);
  }
  assert.equal((await call('logout', {})).status, 422);
  await target.stop();
  return survived;
}

test('token-survives-logout strikes its share of the logouts, and before its time none', async (t) => {
  assertStrikes('token-survives-logout', await surviving(t, `token-survives-logout=${SHARE}`, 12));
  assert.deepEqual(await surviving(t, 'token-survives-logout=1@10m', 3), [false, false, false]);
});

test('token-outlives says of its share of the tokens that they are nearly over, and before its time of none', async (t) => {
  const told = async (faults: string, count: number) => {
    const options = { databaseUrl: database.url, scryptN: 1_024, faults: parseFaults(faults), faultsSeed: SEED };
    const target = await testTarget(t, options);
    const ask = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const url = `${target.url}/api/v1/auth/${path}`;
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      return response.json();
    };
    const ada = {
      email: `${randomUUID()}@example.org`,
      password: 'correct horse',
      name: 'Ada',
      organization_name: 'A',
    };
    const seconds: number[] = [(await ask('register', ada)).tokens.expires_in];
    let { refresh_token, expires_in: ofLogin } = await ask('login', ada);
    seconds.push(ofLogin);
    while (seconds.length < count) {
      const fresh = await ask('refresh', { refresh_token });
      seconds.push(fresh.expires_in);
      ({ refresh_token } = fresh);
    }
    assert.equal((await ask('login', { ...ada, password: 'not the one' })).error.code, 'UNAUTHORIZED');
    await target.stop();
    return seconds.map((one) => one === 1);
  };
  assertStrikes('token-outlives', await told(`token-outlives=${SHARE}`, 12));
  assert.deepEqual(await told('token-outlives=1@10m', 3), [false, false, false]);
});
