import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Recorder } from '../../support/measure/recorder.ts';
import { serve } from '../../support/server.fixture.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { Http } from '../transports/http.ts';
import { DwcpApi, dwcpMetrics, jobOf } from './api.ts';

const order = { vmId: 'vm 1', sourceZone: 'west', targetZone: 'east', bandwidthMbps: 100 };

/** A VU of a control plane that gives this answer to everything; a status of 0: none. */
async function bed(t: TestContext, answer: unknown, status = 200) {
  const requests: { line: string; authorization: string | undefined; body: string }[] = [];
  const { url } = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization, body });
    if (status === 0) {
      request.socket.destroy();
      return;
    }
    response.statusCode = status;
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  const recorder = new Recorder('test', 'load', metricDefinitions(dwcpMetrics));
  const slice = { ...testSlice(url), recorder };
  const http = new Http(slice, `${url}/api/v1`);
  t.after(() => http.close());
  const vu = testVu(slice);
  return { api: new DwcpApi(http, vu, 'secret-token'), vu, requests, slice, errors: recorder.errors };
}

test('a start asks for what was ordered, and has a job', async (t) => {
  const made = await bed(t, { job_id: 'job-1', vm_id: 'vm 1', status: 'pending' }, 202);
  assert.deepEqual(await made.api.start(order), { outcome: 'accepted', jobId: 'job-1' });
  const [{ line, authorization, body }] = made.requests as [(typeof made.requests)[0]];
  assert.deepEqual([line, authorization], ['POST /api/v1/dwcp/migrations', 'Bearer secret-token']);
  assert.deepEqual(JSON.parse(body), {
    vm_id: 'vm 1',
    source_zone: 'west',
    target_zone: 'east',
    protocol: 'dwcp-v3',
    live_migration: true,
    bandwidth_limit_mbps: 100,
    compression: true,
    encryption: true,
  });
  assert.deepEqual([made.vu.takeOutcome(), made.errors], ['ok', {}]);
  assert.equal(recorded(made.slice).migration_start_duration?.t, 'trend');
});

const starts: [what: string, answer: unknown, status: number, outcome: string, vu: string, error: string][] = [
  ['no job', {}, 202, 'indeterminate', 'failed', 'check: migration start: answer is as in the contract'],
  ['no JSON', '<html>', 202, 'indeterminate', 'failed', 'check: migration start: answer is as in the contract'],
  ['200', { job_id: 'job-1' }, 200, 'accepted', 'failed', 'check: migration start: status is 202'],
  ['204', '', 204, 'indeterminate', 'failed', 'check: migration start: status is 202'],
  ['409', {}, 409, 'refused', 'failed', 'HTTP 409'],
  ['502', '', 502, 'indeterminate', 'failed', 'HTTP 502'],
  ['nothing', '', 0, 'indeterminate', 'indeterminate', 'check: migration start: status is 202'],
];
for (const [what, answer, status, outcome, vu, error] of starts) {
  test(`a start answered with ${what} is ${outcome}, and no success`, async (t) => {
    const made = await bed(t, answer, status);
    assert.equal((await made.api.start(order)).outcome, outcome);
    assert.equal(made.vu.takeOutcome(), vu);
    assert.ok(made.errors[error], JSON.stringify(made.errors));
  });
}

test('another start is no failure when it is refused; nor is it, yet, when it is accepted', async (t) => {
  for (const [status, answer, expected] of [
    [409, {}, { outcome: 'refused', status: 409 }],
    [400, {}, { outcome: 'refused', status: 400 }],
    [202, { job_id: 'job-2' }, { outcome: 'accepted', jobId: 'job-2' }],
    [200, { job_id: 'job-2' }, { outcome: 'accepted', jobId: 'job-2' }],
  ] as const) {
    const made = await bed(t, answer, status);
    assert.deepEqual(await made.api.startAnother(order), expected);
    assert.deepEqual([made.vu.takeOutcome(), made.errors], ['ok', {}]);
    assert.deepEqual(recorded(made.slice)['http_req_failed{op:migration_start_another}'], {
      t: 'rate',
      passes: 0,
      total: 1,
    });
  }
});

const wire = {
  job_id: 'a/b',
  vm_id: 'vm',
  status: 'in_progress',
  phase: 'pre-copy',
  progress: 12.5,
  source_zone: 'west',
  target_zone: 'east',
  data_loss: false,
};
const job = {
  jobId: 'a/b',
  vmId: 'vm',
  status: 'in_progress',
  phase: 'pre-copy',
  progress: 12.5,
  sourceZone: 'west',
  targetZone: 'east',
  dataLoss: false,
  jobSequence: undefined,
};

test('a look gives the job, with an id or without; what it does not say is undefined', async (t) => {
  const made = await bed(t, wire);
  assert.deepEqual(await made.api.job('a/b'), job);
  assert.equal(made.requests[0]!.line, 'GET /api/v1/dwcp/migrations/a%2Fb');
  assert.equal(recorded(made.slice).migration_poll_duration?.t, 'trend');
  const sparse = await bed(t, { status: 'completed', data_loss: true });
  const unsaid = {
    ...{ vmId: undefined, phase: undefined, progress: undefined },
    ...{ sourceZone: undefined, targetZone: undefined },
  };
  assert.deepEqual(await sparse.api.job('a/b'), { ...job, ...unsaid, status: 'completed', dataLoss: true });
  const numbered = await bed(t, { ...wire, job_id: 5, vm_id: 7 });
  assert.deepEqual(await numbered.api.job(5), { ...job, jobId: 5, vmId: 7 });
  const text = await bed(t, { ...wire, job_id: '5' });
  assert.equal((await text.api.job(5))?.jobId, '5');
  assert.deepEqual([made.errors, sparse.errors, numbered.errors, text.errors], [{}, {}, {}, {}]);
});

for (const [what, answer, known] of [
  ['no JSON', '<html>', false],
  ['null', null, false],
  ['another job', { ...wire, job_id: 'other' }, false],
  ['a status of its own', { ...wire, status: 'running' }, false],
  ['nothing of data loss', { ...wire, data_loss: undefined }, true],
  ['data loss as text', { ...wire, data_loss: 'false' }, true],
] as const) {
  test(`a look answered with ${what} fails a check`, async (t) => {
    const made = await bed(t, answer);
    assert.equal((await made.api.job('a/b')) !== undefined, known);
    assert.deepEqual(made.errors, { 'check: migration poll: answer is as in the contract': 1 });
  });
}

test('a list gives the jobs of a status; statistics a number', async (t) => {
  const made = await bed(t, { migrations: [wire, { ...wire, job_id: 'c' }], total: 2, active_migrations: 2 });
  assert.deepEqual(await made.api.list('in_progress'), [job, { ...job, jobId: 'c' }]);
  await made.api.stats();
  assert.deepEqual(
    made.requests.map(({ line }) => line),
    ['GET /api/v1/dwcp/migrations?status=in_progress&limit=100', 'GET /api/v1/dwcp/stats'],
  );
  assert.deepEqual(made.errors, {});
});

for (const [what, answer, status, errors] of [
  [
    'an error',
    {},
    500,
    { 'HTTP 500': 2, 'check: migration list: status is 200': 1, 'check: migration stats: status is 200': 1 },
  ],
  [
    'nothing of what is due',
    { migrations: {}, active_migrations: -1 },
    200,
    {
      'check: migration list: answer is as in the contract': 1,
      'check: migration stats: answer is as in the contract': 1,
    },
  ],
  [
    'jobs without an id',
    { migrations: [{ ...wire, job_id: undefined }], active_migrations: 1 },
    200,
    { 'check: migration list: answer is as in the contract': 1 },
  ],
  [
    'more than was asked for',
    { migrations: Array(101).fill({ ...wire, status: 'completed' }), active_migrations: 1 },
    200,
    {
      'check: migration list: at most as many as asked for': 1,
      'check: migration list: none but of the status asked for': 1,
    },
  ],
] as const) {
  test(`list and statistics answered with ${what} fail checks`, async (t) => {
    const made = await bed(t, answer, status);
    await made.api.list('in_progress');
    await made.api.stats();
    assert.deepEqual(made.errors, errors);
  });
}

test('an event is read like a job, with its number', () => {
  assert.deepEqual(jobOf({ ...wire, type: 'migration', job_sequence: 3 }), { ...job, jobSequence: 3 });
  for (const none of [undefined, null, 'text', 7, [], {}, { status: 'completed' }])
    assert.equal(jobOf(none), undefined);
});
