import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { consult } from '../../support/check/oracles.ts';
import { markOf } from '../../support/measure/marks.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { serve } from '../../support/server.fixture.ts';
import { accountOf } from '../../support/worker/user.ts';
import { unmeasured } from '../../support/worker/vu.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../target/core/target.fixture.ts';
import { parseFaults, startTarget, type Target } from '../../target/target.ts';
import { signIn } from '../apis/auth.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { Http } from '../transports/http.ts';
import '../apis/relay/acknowledged-writes.oracle.ts';
import { Marker } from './marker.ts';

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

function bed(t: TestContext, url: string) {
  const slice = testSlice(url);
  const [relay, auth] = [
    new Http(slice, relaySettings(slice.target).syncUrl),
    new Http(unmeasured(slice), slice.target.apiUrl),
  ];
  t.after(() => Promise.all([relay.close(), auth.close()]));
  const account = accountOf(slice.runId, 'watcher', 0);
  return { slice, auth, account, newMarker: () => new Marker(testVu(slice), 'watcher', relay, auth) };
}

/** As the person in the browser does. */
async function register({ email, password, name, organization }: ReturnType<typeof accountOf>, url: string) {
  const body = JSON.stringify({ email, password, name, organization_name: organization });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v1/auth/register`, { method: 'POST', headers, body });
  assert.equal(answer.status, 201);
}

test('as long as nobody has made the account nothing is sent, and nothing counted', async (t) => {
  const { slice, newMarker } = bed(t, target.url);
  const marker = newMarker();
  await marker.push();
  await marker.readBack();
  assert.deepEqual(recorded(slice), {});
  assert.deepEqual(slice.recorder.errors, {});
  assert.deepEqual(
    marker.evidence().screen.map(({ kind }) => kind),
    ['acknowledged'],
  );
});

test('what it pushes is a marked transaction of today, which a device of the account reads back', async (t) => {
  const { slice, account, newMarker } = bed(t, target.url);
  await register(account, target.url);
  const marker = newMarker();
  const before = performance.timeOrigin + performance.now();
  await marker.push();
  await marker.push();
  await marker.readBack();
  const { screen, 'acknowledged-writes': writes } = marker.evidence();
  const held = screen.find((piece) => piece.kind === 'held')!;
  const acknowledged = screen.find((piece) => piece.kind === 'acknowledged')!;
  assert.equal(held.account, account.email);
  assert.equal(held.transactions.length, 2);
  for (const { id, payee, amountCents, madeAt } of held.transactions) {
    const mark = markOf(payee)!;
    assert.equal(mark.id, id);
    assert.ok(before <= mark.pushedAt && mark.pushedAt <= acknowledged.at[id]!, payee);
    assert.ok(amountCents < 0);
    assert.ok(madeAt !== undefined && madeAt >= Math.floor(mark.pushedAt) - 1);
  }
  assert.equal(consult(['acknowledged-writes'], [{ 'acknowledged-writes': writes }], declaredOracles)[0]!.status, 'ok');
  assert.deepEqual(slice.recorder.errors, {});
});

test('lose-write: the mark that was acknowledged and lost is named', async (t) => {
  const losing = await testTarget(t, { databaseUrl: database.url, faults: parseFaults('lose-write=1') });
  const { account, newMarker } = bed(t, losing.url);
  await register(account, losing.url);
  const marker = newMarker();
  await marker.push();
  await marker.readBack();
  const [writes] = consult(['acknowledged-writes'], [{ ...marker.evidence() }], declaredOracles);
  assert.equal(writes!.status, 'violated');
  assert.equal((writes!.examples as [{ set: string }])[0].set, account.email);
});

test('who cannot sign in has no session, whatever the answer is', async (t) => {
  const { auth, account } = bed(t, target.url);
  assert.equal(await signIn(auth, account), undefined);
  await register(account, target.url);
  assert.equal(await signIn(auth, { ...account, password: 'not the one' }), undefined);
  const session = await signIn(auth, account);
  assert.ok(session!.token.startsWith('at_') && session!.renewAt > performance.now());
  const away = bed(t, 'http://127.0.0.1:1');
  assert.equal(await signIn(away.auth, account), undefined);
});

test('a push that is still under way when the load is over is waited for: what comes after the last look would be missing', async (t) => {
  const stored: object[] = [];
  const { promise: arrived, resolve: arrive } = once<() => void>();
  let isPulled = false;
  const { url } = await serve(t, async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const answer = (body: object) => response.end(JSON.stringify({ protocol_version: '1.0.0', timestamp: 1, ...body }));
    if (request.url!.endsWith('/login')) answer({ access_token: 'token-of-the-watcher' });
    else if (request.url!.endsWith('/pull')) {
      isPulled = true;
      answer({ changes: stored, has_more: false });
    } else {
      arrive(() => {
        const { changes } = JSON.parse(text) as { changes: { id: string }[] };
        stored.push(...changes);
        answer({ success: true, accepted: changes.map(({ id }) => id), rejected: [] });
      });
    }
  });
  const { slice, newMarker } = bed(t, url);
  const marker = newMarker();
  void marker.push();
  const store = await arrived;
  const read = marker.readBack();
  for (let turn = 0; turn < 50 && !isPulled; turn++) await new Promise(setImmediate);
  store();
  await read;
  const [writes] = consult(['acknowledged-writes'], [{ ...marker.evidence() }], declaredOracles);
  assert.deepEqual([writes!.status, writes!.checked], ['ok', 1]);
  assert.deepEqual(slice.recorder.errors, {});
});

/** A promise, and what keeps it. */
function once<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}
