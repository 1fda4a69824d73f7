import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../../../support/server.fixture.ts';
import { recorded, testSlice, testVu, withSettings } from '../../slice.fixture.ts';
import { Http } from '../../transports/http.ts';
import { bearer } from '../auth.ts';
import { VmApi, type VmQuery, vmBaseUrl, vmToken } from './api.ts';

interface Given {
  status?: number;
  body?: unknown;
  prefix?: string;
  method?: 'PUT';
}

/** A VU's calls to a target that gives this answer to everything. */
async function bed(t: TestContext, given: Given = {}) {
  const { prefix = '/api/v1', method } = given;
  const asked: { method: string; url: string; type?: string; authorization?: string; body: unknown }[] = [];
  const { url } = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { headers } = request;
    const { 'content-type': type, authorization } = headers;
    asked.push({ method: request.method!, url: request.url!, type, authorization, body: body && JSON.parse(body) });
    if (given.status === 0) return request.socket.destroy();
    response.statusCode = given.status ?? 200;
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
    return undefined;
  });
  const slice = withSettings(testSlice(url), { VM_API_PREFIX: prefix, ...(method && { VM_UPDATE_METHOD: method }) });
  const http = new Http(slice, vmBaseUrl(slice.target));
  t.after(() => http.close());
  const vu = testVu(slice);
  const api = new VmApi(http, vu, 'secret-token');
  return { api, vu, asked, given, errors: slice.recorder.errors, recorded: () => recorded(slice) };
}

const vm = {
  id: 'a/b',
  name: 'one',
  status: 'stopped',
  zone: 'us-east-1',
  cpu_cores: 2,
  memory_mb: 512,
  tags: { a: 'b' },
};
const { id, status: _status, ...content } = vm;
const spec = { ...content, disk_gb: 10, image: 'debian-13' };

/** Each call, its request, what a right answer is, and the metric that it adds to. */
const calls: [
  call: (api: VmApi) => Promise<unknown>,
  request: string,
  status: number,
  body: unknown,
  metric: string,
][] = [
  [(api) => api.list({ limit: 5, zone: 'a b' }), 'GET /vms?limit=5&zone=a%20b', 200, { data: [] }, 'list'],
  [(api) => api.create(spec), 'POST /vms', 201, vm, 'create'],
  [(api) => api.get(id), 'GET /vms/a%2Fb', 200, vm, 'get'],
  [(api) => api.get(id), 'GET /vms/a%2Fb', 200, { ...vm, tags: null }, 'get'],
  [(api) => api.find(id), 'GET /vms/a%2Fb', 200, vm, 'get'],
  [(api) => api.update(id, { cpu_cores: 4 }), 'PATCH /vms/a%2Fb', 200, vm, 'update'],
  [(api) => api.delete(id), 'DELETE /vms/a%2Fb', 204, '', 'delete'],
  [(api) => api.start(id), 'POST /vms/a%2Fb/start', 202, '', 'start'],
  [(api) => api.stop(id), 'POST /vms/a%2Fb/stop', 200, vm, 'stop'],
  [(api) => api.migrate(id, 'eu-west-1', 100), 'POST /vms/a%2Fb/migrate', 202, { job_id: '1' }, 'migrate'],
  [(api) => api.metrics(id), 'GET /vms/a%2Fb/metrics', 200, { vm_id: id, cpu_percent: 1 }, 'metrics'],
  [(api) => api.metrics(7), 'GET /vms/7/metrics', 200, { vm_id: '7' }, 'metrics'],
  [(api) => api.search('a&b', 3), 'GET /vms/search?q=a%26b&limit=3', 200, { data: [vm] }, 'search'],
  [(api) => api.aggregate(), 'GET /vms/stats/aggregate', 200, { total_vms: 0 }, 'aggregate'],
  [(api) => api.batch([{ action: 'delete', id }]), 'POST /vms/batch', 200, { results: [{ id }] }, 'batch'],
];

test('each call is asked as in the contract, below any prefix, and a right answer raises no complaint', async (t) => {
  for (const prefix of ['/api/v1', '']) {
    const made = await bed(t, { prefix });
    for (const [call, request, status, body, metric] of calls) {
      Object.assign(made.given, { status, body });
      await call(made.api);
      const { method, url, type, authorization, body: sent } = made.asked.pop()!;
      assert.deepEqual(
        [`${method} ${url}`, authorization],
        [request.replace(' ', ` ${prefix}`), 'Bearer secret-token'],
      );
      // A server may refuse an empty body that is called JSON.
      assert.equal(type, sent ? 'application/json' : undefined, request);
      const trends = Object.keys(made.recorded()).filter((key) => key.startsWith('vm_'));
      assert.deepEqual(trends, [`vm_${metric}_duration`]);
      assert.deepEqual([made.errors, made.vu.takeOutcome()], [{}, 'ok'], request);
    }
  }
});

test('what is not in the contract is a failed check, by name, and makes the iteration failed', async (t) => {
  const made = await bed(t);
  const without = (field: string) => ({ ...vm, [field]: undefined });
  const strays: [call: string, bodies: unknown[]][] = [
    ['list', ['<html>', null, {}, { data: {} }, { data: [null] }, { data: [without('id')] }]],
    [
      'create',
      ['', null, without('id'), without('status'), without('cpu_cores'), { ...vm, id: 7.5 }, { ...vm, id: '' }],
    ],
    ['get', ['{"id":', without('zone'), without('memory_mb'), { ...vm, tags: 'web' }, { ...vm, name: 1 }]],
    ['update', ['<html>', without('name')]],
    ['metrics', ['<html>', null, 7, { vm_id: 'another' }]],
    ['search', ['<html>', { total: 3 }, { data: [{}] }]],
    ['aggregate', [null, {}, { total_vms: '3' }, { total_vms: -1 }, { total_vms: 1.5 }]],
    ['batch', ['<html>', {}, { results: [] }, { results: [null] }, { results: [{ id: '' }] }]],
  ];
  for (const [op, bodies] of strays) {
    for (const [call, request, status, , metric] of calls) {
      if (metric !== op) continue;
      for (const body of bodies) {
        Object.assign(made.given, { status, body });
        await call(made.api);
        const check = `check: ${op}: answer is as in the contract`;
        assert.deepEqual({ ...made.errors }, { [check]: 1 }, `${request} ${JSON.stringify(body)}`);
        delete made.errors[check];
        assert.equal(made.vu.takeOutcome(), 'failed');
      }
    }
  }
});

test('a list holds what was asked for, in order, and no more', async (t) => {
  const made = await bed(t);
  const [small, other, large] = [vm, { ...vm, id: 'other' }, { ...vm, id: 'large', cpu_cores: 8 }];
  const lists: [query: VmQuery, data: object[], isRight: boolean][] = [
    [{ limit: 1 }, [small], true],
    [{ limit: 1 }, [small, other], false],
    [{ limit: 5 }, [small, large, small], false],
    [{ limit: 5, zone: 'us-east-1', status: 'stopped' }, [small], true],
    [{ limit: 5, zone: 'eu-west-1' }, [small], false],
    [{ limit: 5, status: 'running' }, [small], false],
    [{ limit: 5, sort: 'cpu_cores', order: 'asc' }, [small, other, large], true],
    [{ limit: 5, sort: 'cpu_cores', order: 'asc' }, [large, small], false],
    [{ limit: 5, sort: 'cpu_cores' }, [large, small], true],
    [{ limit: 5, sort: 'cpu_cores' }, [small, large], false],
  ];
  for (const [query, data, isRight] of lists) {
    made.given.body = { data, pagination: { total: 9 } };
    const page = await made.api.list(query);
    assert.deepEqual([page?.data.length, page?.total], [data.length, 9]);
    assert.equal(made.vu.takeOutcome(), isRight ? 'ok' : 'failed', JSON.stringify(query));
  }
  assert.deepEqual(made.errors, {
    'check: list: VMs are those asked for, in order': 5,
    'check: list: none is there twice': 1,
  });
});

test('what became of a write: done, refused, or nobody knows', async (t) => {
  const results: [status: number, result: string, outcome: string][] = [
    [200, 'done', 'ok'],
    [202, 'done', 'ok'],
    [204, 'unknown', 'failed'],
    [304, 'unknown', 'failed'],
    [400, 'refused', 'failed'],
    [409, 'refused', 'failed'],
    [429, 'refused', 'failed'],
    [500, 'unknown', 'failed'],
    [503, 'unknown', 'failed'],
    [0, 'unknown', 'indeterminate'],
  ];
  for (const [status, result, outcome] of results) {
    const made = await bed(t, { status, body: vm });
    const written = await made.api.start(id);
    assert.deepEqual([written.result, written.status, made.vu.takeOutcome()], [result, status, outcome]);
    assert.deepEqual(written.vm, result === 'done' ? vm : undefined);
  }
});

test('404 is an answer for what may be gone, and 503 for what may be paused; else they are failures', async (t) => {
  const made = await bed(t, { status: 404, body: {} });
  assert.equal(await made.api.find(id), null);
  assert.equal((await made.api.delete(id, true)).result, 'done');
  made.given.status = 503;
  assert.equal(await made.api.metrics(id, true), 503);
  assert.deepEqual([made.errors, made.vu.takeOutcome()], [{}, 'ok']);
  made.given.status = 404;
  assert.equal(await made.api.get(id), null);
  assert.equal((await made.api.delete(id)).result, 'refused');
  made.given.status = 503;
  assert.equal(await made.api.metrics(id), 503);
  assert.equal(await made.api.find(id), undefined);
  const checks = ['get: status is 200', 'delete: status is 204', 'metrics: status is 200', 'get: status is 200 or 404'];
  assert.deepEqual(
    made.errors,
    Object.fromEntries([['HTTP 404', 2], ['HTTP 503', 2], ...checks.map((check) => [`check: ${check}`, 1])]),
  );
});

test('PUT where the target wants it; one account for all VM loads of a run, unless one is configured', async (t) => {
  const made = await bed(t, { method: 'PUT', body: vm });
  await made.api.update(id, {});
  assert.equal(made.asked[0]?.method, 'PUT');
  const slice = testSlice('http://127.0.0.1');
  assert.equal(vmToken({ ...slice, scenario: 'migrations' }), vmToken(slice));
  assert.notEqual(vmToken({ ...slice, runId: 'another' }), vmToken(slice));
  assert.equal(vmToken(testSlice('http://127.0.0.1', 'configured')), 'configured');
  // They are sent as HTTP's Basic, which a made-up token would displace.
  assert.equal(vmToken(testSlice('http://me:secret@127.0.0.1')), undefined);
  assert.equal(vmToken(testSlice('http://me:secret@127.0.0.1', 'configured')), 'configured');
  assert.deepEqual([bearer(undefined), bearer('a')], [{}, { authorization: 'Bearer a' }]);
});
