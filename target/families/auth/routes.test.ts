import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { startTarget, type Target } from '../../target.ts';
import { TestDevice } from '../relay/device.fixture.ts';

let database: TestDatabase;
let target: Target;
before(async () => {
  database = await testDatabase();
  target = await startTarget({ webFolder: 'none', databaseUrl: database.url });
});
after(async () => {
  await target?.stop();
  await database?.stop();
});

async function call(path: string, body?: object, token = '') {
  const response = await fetch(`${target.url}/api/v1/auth/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...(body && { 'content-type': 'application/json' }), authorization: `Bearer ${token}` },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const person = () => ({
  email: `${randomUUID()}@example.org`,
  password: 'correct horse',
  name: 'Ada',
  organization_name: 'Analytical Engines',
});

test('register, log in, who am I, log out', async () => {
  const ada = person();
  const registered = await call('register', ada);
  assert.equal(registered.status, 201);
  const { user, tokens } = registered.body;
  assert.deepEqual(Object.keys(user).sort(), ['email', 'id', 'name', 'organization_id', 'role']);
  assert.equal(user.email, ada.email);
  assert.equal(tokens.token_type, 'Bearer');
  assert.equal(tokens.expires_in, 3_600);

  const login = await call('login', { email: ada.email.toUpperCase(), password: ada.password });
  assert.equal(login.status, 200);
  assert.deepEqual(login.body.user, user);
  assert.deepEqual((await call('me', undefined, login.body.access_token)).body, user);

  const logout = await call('logout', { refresh_token: login.body.refresh_token });
  assert.equal(logout.status, 200);
  assert.equal(typeof logout.body.message, 'string');
  assert.equal((await call('me', undefined, login.body.access_token)).status, 401);
  assert.equal((await new TestDevice(target.url, login.body.access_token).pull()).status, 401);
  assert.equal((await call('me', undefined, tokens.access_token)).status, 200, 'the other session goes on');
});

test('all sessions of a user are one account of the relay', async () => {
  const ada = person();
  const { tokens } = (await call('register', ada)).body;
  const login = (await call('login', ada)).body;
  const writer = new TestDevice(target.url, tokens.access_token);
  const change = writer.change();
  await writer.push([change]);
  const { body } = await new TestDevice(target.url, login.access_token).pull();
  assert.equal(body.changes[0]?.id, change.id);
});

test('a refresh gives a new session and ends the old one', async () => {
  const { tokens } = (await call('register', person())).body;
  const fresh = await call('refresh', { refresh_token: tokens.refresh_token });
  assert.equal(fresh.status, 200);
  assert.equal((await call('me', undefined, fresh.body.access_token)).status, 200);
  assert.equal((await call('me', undefined, tokens.access_token)).status, 401);
  assert.equal((await call('refresh', { refresh_token: tokens.refresh_token })).status, 401);
});

test('wrong password, unknown user, token of another kind: 401', async () => {
  const ada = person();
  await call('register', ada);
  assert.equal((await call('login', { ...ada, password: 'wrong horse' })).status, 401);
  assert.equal((await call('login', person())).status, 401);
  assert.equal((await call('me', undefined, 'a-token-of-8-and-more')).status, 401);
  assert.equal((await call('me')).status, 401);
});

test('an address is registered once', async () => {
  const ada = person();
  await call('register', ada);
  const again = await call('register', { ...ada, email: ada.email.toUpperCase() });
  assert.equal(again.status, 409);
  assert.equal(again.body.error.code, 'EMAIL_TAKEN');
});

test('an invalid registration names its field, and never repeats the password', async () => {
  for (const [field, value] of [
    ['email', 'nobody'],
    ['email', undefined],
    ['password', 'seven77'],
    ['name', ''],
    ['organization_name', 5],
  ] as const) {
    const { status, body } = await call('register', { ...person(), [field]: value });
    assert.equal(status, 422, field);
    assert.equal(body.error.code, 'VALIDATION_ERROR');
    assert.match(body.error.message, new RegExp(`^${field} must`));
    assert.doesNotMatch(body.error.message, /seven77/);
  }
  assert.equal((await call('logout', {})).body.error.code, 'VALIDATION_ERROR');
});

test('passwords and tokens are not stored as they are', async () => {
  const ada = person();
  const { tokens } = (await call('register', ada)).body;
  const { rows } = await target.database.pool.query(
    'SELECT * FROM tandem.users JOIN tandem.sessions ON user_id = users.id WHERE email = $1',
    [ada.email],
  );
  assert.equal(rows.length, 1);
  for (const secret of [ada.password, tokens.access_token, tokens.refresh_token]) {
    assert.ok(!JSON.stringify(rows).includes(secret));
  }
});

test('a token lets in as long as it says, also where it was believed a moment ago', async (t) => {
  const brief = await testTarget(t, { databaseUrl: database.url, scryptN: 1_024, tokenSeconds: 1 });
  const ask = (path: string, init: RequestInit) => fetch(`${brief.url}/api/v1/auth/${path}`, init);
  const headers = { 'content-type': 'application/json' };
  const beganAt = performance.now();
  const registered = await ask('register', { method: 'POST', headers, body: JSON.stringify(person()) });
  const { access_token: token, expires_in: seconds } = (await registered.json()).tokens;
  assert.equal(seconds, 1);
  const status = async () => (await ask('me', { headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await status(), 200);
  while ((await status()) === 200) assert.ok(performance.now() - beganAt < 5_000, 'it is believed for too long');
  assert.ok(performance.now() - beganAt > 950);
});
