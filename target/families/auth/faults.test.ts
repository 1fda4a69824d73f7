import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { parseFaults } from '../../target.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

/** Of so many sessions, which go on after their logout. */
async function surviving(t: TestContext, faults: string, count: number): Promise<boolean[]> {
  const target = await testTarget(t, { databaseUrl: database.url, scryptN: 1_024, faults: parseFaults(faults) });
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
    if (index === 0) assert.equal((await call('logout', {})).status, 422);
  }
  await target.stop();
  return survived;
}

test('token-survives-logout strikes its share of the logouts, the same with the same seed, and at 0 none', async (t) => {
  const first = await surviving(t, 'token-survives-logout=0.3', 60);
  const share = first.filter(Boolean).length / first.length;
  assert.ok(share > 0.1 && share < 0.5, `${share}`);
  assert.deepEqual(await surviving(t, 'token-survives-logout=0.3', 60), first);
  assert.deepEqual(await surviving(t, 'token-survives-logout=0', 5), [false, false, false, false, false]);
  assert.deepEqual(await surviving(t, 'token-survives-logout=1@10m', 5), [false, false, false, false, false]);
});
