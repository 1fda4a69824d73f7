import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { ACCESS_PREFIX, Accounts, hashToken } from './accounts.ts';
import { setClockAhead } from './drills/clock.ts';

const TOKEN = `${ACCESS_PREFIX}a-session`;
const FOUND = { rows: [{ user_id: 'ada', left_ms: 60_000, organization_id: 'engines' }] };

/** A pool whose queries are answered as the test says, in their order; it counts them. */
function poolOf(...answers: (object | Promise<object>)[]): { pool: pg.Pool; asked(): number } {
  let asked = 0;
  const query = async () => answers[asked++];
  return { pool: { query } as unknown as pg.Pool, asked: () => asked };
}

test('a session is asked for once in a while, and after its logout at once', async () => {
  const { pool, asked } = poolOf(FOUND, { rows: [] });
  const accounts = new Accounts(pool);
  for (let use = 0; use < 3; use++) assert.equal(await accounts.resolve(TOKEN), 'user:ada');
  assert.equal(asked(), 1);
  accounts.forget(hashToken(TOKEN));
  assert.equal(await accounts.resolve(TOKEN), undefined);
});

test('a session that was asked for before its logout, and answered after it, is not believed any longer', async () => {
  let answer = (_: object) => {};
  const late = new Promise<object>((resolve) => {
    answer = resolve;
  });
  const { pool } = poolOf(late, { rows: [] });
  const accounts = new Accounts(pool);
  const before = accounts.resolve(TOKEN);
  accounts.forget(hashToken(TOKEN));
  answer(FOUND);
  assert.equal(await before, 'user:ada');
  assert.equal(await accounts.resolve(TOKEN), undefined);
});

test('where others end sessions too, they are asked for every time', async () => {
  const { pool, asked } = poolOf(FOUND, FOUND);
  const accounts = new Accounts(pool, false);
  for (let use = 0; use < 2; use++) await accounts.resolve(TOKEN);
  assert.equal(asked(), 2);
});

test('a clock that went wrong makes nobody believe it for longer', async () => {
  const { pool, asked } = poolOf(FOUND, FOUND);
  const accounts = new Accounts(pool, false);
  setClockAhead(3_600_000);
  try {
    await accounts.resolve(TOKEN);
  } finally {
    setClockAhead(0);
  }
  await accounts.resolve(TOKEN);
  assert.equal(asked(), 2);
});

test('an account of no user is an organisation by itself, and a user is of one for good', async () => {
  const { pool, asked } = poolOf(FOUND);
  const accounts = new Accounts(pool);
  const own = accounts.organization('token:one') as string;
  assert.match(own, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(accounts.organization('token:one'), own);
  assert.notEqual(accounts.organization('token:two'), own);
  for (let use = 0; use < 2; use++) assert.equal(await accounts.organization('user:ada'), 'engines');
  assert.equal(asked(), 1);
});

test('a session that is over in a moment is believed no longer than that', async () => {
  const { pool, asked } = poolOf({ rows: [{ user_id: 'ada', left_ms: -1 }] }, { rows: [] });
  const accounts = new Accounts(pool);
  assert.equal(await accounts.resolve(TOKEN), 'user:ada');
  assert.equal(await accounts.resolve(TOKEN), undefined);
  assert.equal(asked(), 2);
});
