import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../../../support/server.fixture.ts';
import { recorded, testSlice, testVu } from '../../slice.fixture.ts';
import { Http } from '../../transports/http.ts';
import { type Change, RelayApi } from './api.ts';
import { Pulling } from './pulling.ts';
import { relaySettings } from './settings.ts';

/** A device of a relay that gives this answer to everything. */
async function bed(t: TestContext, answer: unknown, status = 200) {
  const requests: { url: string; authorization: string; body: Record<string, unknown> }[] = [];
  const { url } = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { url = '', headers } = request;
    requests.push({ url, authorization: headers.authorization!, body: JSON.parse(body) });
    response.statusCode = status;
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  const slice = testSlice(url);
  const http = new Http(slice, relaySettings(slice.target).syncUrl);
  t.after(() => http.close());
  const vu = testVu(slice);
  const api = new RelayApi(http, vu, 'phone', 'secret-token');
  return { api, vu, requests, errors: slice.recorder.errors, recorded: () => recorded(slice) };
}

const changes = ['phone-1', 'phone-2'].map(
  (id): Change => ({
    id,
    entity_type: 'transaction',
    entity_id: 'milk',
    operation: 'UPDATE',
    encrypted_payload: 'AAAA',
    version_vector: { phone: 1 },
    timestamp: 1,
  }),
);

const pushed = (accepted: unknown, rejected: unknown, fields: object = {}) => ({
  protocol_version: '1.0.0',
  success: true,
  timestamp: 7,
  accepted,
  rejected,
  ...fields,
});

test('a push says what was accepted and what was rejected', async (t) => {
  const made = await bed(t, pushed(['phone-1'], [{ id: 'phone-2', reason: 'Duplicate or outdated change' }]));
  const { accepted, rejected } = await made.api.push(changes);
  assert.deepEqual([[...accepted], [...rejected]], [['phone-1'], ['phone-2']]);
  assert.deepEqual(made.errors, {});
  assert.equal(made.vu.takeOutcome(), 'ok');
  const series = made.recorded();
  const counted = ['changes_pushed', 'changes_accepted', 'changes_rejected'].map((name) => series[name]);
  assert.deepEqual(
    counted,
    [2, 1, 1].map((sum) => ({ t: 'counter', sum })),
  );
  const { url, authorization, body } = made.requests[0]!;
  assert.deepEqual([url, authorization], ['/sync/push', 'Bearer secret-token']);
  assert.deepEqual([body.protocol_version, body.device_id, body.changes], ['1.0.0', 'phone', changes]);
});

const strayPushes: [what: string, answer: unknown, check: string][] = [
  ['one change in neither list', pushed(['phone-1'], []), 'push: every change is accepted or rejected'],
  [
    'one change in both',
    pushed(['phone-1', 'phone-2'], [{ id: 'phone-2', reason: '' }]),
    'push: every change is accepted or rejected',
  ],
  [
    'a change that was not pushed',
    pushed(['phone-1', 'phone-2', 'tablet-1'], []),
    'push: every change is accepted or rejected',
  ],
  ['no JSON', '<html>', 'push: answer is as in the contract'],
  ['no lists', {}, 'push: answer is as in the contract'],
  ['null', null, 'push: answer is as in the contract'],
  ['no protocol version', pushed([], [], { protocol_version: undefined }), 'push: answer is as in the contract'],
  ['no success', pushed([], [], { success: undefined }), 'push: answer is as in the contract'],
  ['no timestamp', pushed([], [], { timestamp: undefined }), 'push: answer is as in the contract'],
  ['a rejection without an id', pushed([], [null]), 'push: answer is as in the contract'],
  ['an id that is a number', pushed([1], []), 'push: answer is as in the contract'],
];
for (const [what, answer, check] of strayPushes) {
  test(`a push answered with ${what} fails a check`, async (t) => {
    const made = await bed(t, answer);
    await made.api.push(changes);
    assert.deepEqual(made.errors, { [`check: ${check}`]: 1 });
    assert.equal(made.vu.takeOutcome(), 'failed');
  });
}

test('a push without a usable answer leaves every change open', async (t) => {
  for (const [answer, status] of [
    ['<html>', 200],
    [pushed(['phone-1'], []), 503],
  ] as const) {
    const made = await bed(t, answer, status);
    const { accepted, rejected } = await made.api.push(changes);
    assert.deepEqual([accepted.size, rejected.size], [0, 0]);
  }
});

const change = { id: 'tablet-1', entity_id: 'milk', encrypted_payload: 'AAAA', version_vector: { tablet: 1 } };
const page = (fields: object) => ({
  protocol_version: '1.0.0',
  changes: [change],
  has_more: false,
  timestamp: 7,
  ...fields,
});

test('a pull gives a page, and moves on behind it', async (t) => {
  const made = await bed(t, page({ has_more: true }));
  const pulling = new Pulling(5);
  assert.deepEqual(await made.api.pull(pulling, { phone: 2 }), { changes: [change], hasMore: true });
  assert.equal(pulling.since, 7);
  assert.deepEqual(made.requests[0]!.body, {
    protocol_version: '1.0.0',
    device_id: 'phone',
    since_timestamp: 5,
    sync_vector: { phone: 2 },
  });
  assert.deepEqual(made.recorded().changes_pulled, { t: 'counter', sum: 1 });
  assert.deepEqual(made.errors, {});
});

const strayPages: [what: string, answer: unknown][] = [
  ['no JSON', '{"changes":['],
  ['null', null],
  ['no protocol version', page({ protocol_version: undefined })],
  ['no has_more', page({ has_more: undefined })],
  ['a cursor that is text', page({ timestamp: '7' })],
  ['a timestamp of text', page({ changes: [{ ...change, timestamp: '7' }] })],
  ['changes that are no list', page({ changes: {} })],
  ['a change that is null', page({ changes: [null] })],
  ['a change without a version vector', page({ changes: [{ ...change, version_vector: null }] })],
  ['a version vector of text', page({ changes: [{ ...change, version_vector: { tablet: '1' } }] })],
  ['a change without a payload', page({ changes: [{ ...change, encrypted_payload: undefined }] })],
  ['a change without an entity', page({ changes: [{ ...change, entity_id: 4 }] })],
];
for (const [what, answer] of strayPages) {
  test(`a pull answered with ${what} gives no page`, async (t) => {
    const made = await bed(t, answer);
    assert.equal(await made.api.pull(new Pulling(5), {}), undefined);
    assert.deepEqual(made.errors, { 'check: pull: answer is as in the contract': 1 });
  });
}

test('a page that is too large, and changes of its own, fail checks and are handed out all the same', async (t) => {
  const changes = Array.from({ length: 101 }, () => ({ ...change, device_id: 'phone' }));
  const made = await bed(t, page({ changes }));
  assert.equal((await made.api.pull(new Pulling(5), {}))?.changes.length, 101);
  assert.deepEqual(made.errors, {
    'check: pull: at most 100 changes a page': 1,
    'check: pull: no change of its own': 1,
  });
});

test('a pull answered with an error gives no page', async (t) => {
  const made = await bed(t, page({}), 500);
  assert.equal(await made.api.pull(new Pulling(5), {}), undefined);
  assert.deepEqual(made.errors, { 'HTTP 500': 1, 'check: pull: status is 200': 1 });
});
