import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, type TestContext, test } from 'node:test';
import type { SetEvidence } from '../../support/check/acknowledged-set.ts';
import { consult } from '../../support/check/oracles.ts';
import type { OracleResult } from '../../support/measure/evidence.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { serve } from '../../support/server.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../target/core/target.fixture.ts';
import { parseFaults, startTarget, type Target } from '../../target/target.ts';
import '../apis/relay/acknowledged-writes.oracle.ts';
import type { Change } from '../apis/relay/api.ts';
import { publishedRelay } from '../apis/relay/published-relay.fixture.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { accountToken, RelayAccess, RelayDevice } from './relay.ts';

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

/** Devices of one account at `url`, and what they recorded. */
function bed(t: TestContext, url: string, howMany = 1, token?: string) {
  const slice = testSlice(url, token);
  const access = new RelayAccess(slice);
  t.after(() => access.close());
  const vus = Array.from({ length: howMany }, (_, id) => testVu(slice, id));
  const devices = vus.map((vu) => new RelayDevice(access, vu));
  return { slice, vus, devices, device: devices[0]!, vu: vus[0]!, errors: slice.recorder.errors };
}

type Bed = ReturnType<typeof bed>;

/** Of a counter's series; 0 when nothing was added. */
function sums({ slice }: Bed) {
  const series = recorded(slice);
  return (metric: string) => (series[metric] as { sum: number } | undefined)?.sum ?? 0;
}

test('devices of an account exchange what they push, and are content', async (t) => {
  const made = bed(t, target.url, 2);
  const [writer, reader] = made.devices as [RelayDevice, RelayDevice];
  await writer.push(5);
  await reader.fullSync(3);
  await writer.pull();
  assert.deepEqual(made.errors, {});
  assert.deepEqual(
    made.vus.map((vu) => vu.takeOutcome()),
    ['ok', 'ok'],
  );
  const series = recorded(made.slice);
  const sum = (metric: string) => (series[metric] as { sum: number } | undefined)?.sum;
  assert.equal(sum('changes_pushed'), 8);
  assert.equal(sum('changes_accepted'), 8);
  assert.equal(sum('changes_pulled'), 8);
  assert.equal(sum('changes_rejected'), undefined);
  assert.equal(sum('http_reqs{op:push}'), 2);
  assert.equal(sum('http_reqs{op:pull}'), 2);
  for (const metric of ['sync_push_duration', 'sync_pull_duration', 'sync_full_sync_duration']) {
    assert.equal(series[metric]?.t, 'trend', metric);
  }
  for (const [key, packed] of Object.entries(series)) {
    if (key.startsWith('checks') && packed.t === 'rate') assert.equal(packed.passes, packed.total, key);
  }
});

test('what is pulled once is not pulled again, and more than a page comes page by page', async (t) => {
  const made = bed(t, target.url, 2);
  const [writer, reader] = made.devices as [RelayDevice, RelayDevice];
  for (let count = 0; count < 5; count++) await writer.push(41);
  await reader.pull();
  const sum = sums(made);
  assert.equal(sum('changes_pulled'), 205);
  assert.equal(sum('http_reqs{op:pull}'), 3);
  await reader.pull();
  assert.equal(sums(made)('changes_pulled'), 0);
  assert.deepEqual(made.errors, {});
});

test('four VUs share an account, the fifth has another, and a configured token is everybody’s', async (t) => {
  const { vus } = bed(t, target.url, 5);
  const tokens = vus.map((vu) => accountToken(vu));
  assert.equal(new Set(tokens.slice(0, 4)).size, 1);
  assert.notEqual(tokens[4], tokens[0]);
  const configured = bed(t, target.url, 5, 'a-real-token');
  assert.deepEqual(
    configured.vus.map((vu) => accountToken(vu)),
    Array(5).fill('a-real-token'),
  );
});

test('user and password in the URL are everybody’s account, and nothing made up is sent in their place', async (t) => {
  const sent: (string | undefined)[] = [];
  const { url } = await serve(t, async (request, response) => {
    sent.push(request.headers.authorization);
    response.end(JSON.stringify(good(request.url!, JSON.parse(await text(request)))));
  });
  const { device, vus } = bed(t, url.replace('//', '//me:secret@'), 5);
  assert.equal(new Set(vus.map((vu) => accountToken(vu))).size, 1);
  await device.push(1);
  await device.pull();
  assert.deepEqual(sent, Array(2).fill(`Basic ${Buffer.from('me:secret').toString('base64')}`));
});

test('on the wire is ciphertext only', async (t) => {
  const bodies: string[] = [];
  const url = await stub(t, (path, body) => {
    bodies.push(body);
    return good(path, JSON.parse(body));
  });
  await bed(t, url).device.push(5);
  const changes = (JSON.parse(bodies[0]!) as { changes: Change[] }).changes;
  assert.equal(changes.length, 5);
  for (const { encrypted_payload } of changes) {
    const bytes = Buffer.from(encrypted_payload, 'base64');
    for (const word of ['payee', 'amount_cents', 'Account', 'checking']) assert.ok(!bytes.includes(word), word);
  }
});

test('empty-pull: every push is accepted, and nothing ever arrives', async (t) => {
  const faulty = await testTarget(t, { databaseUrl: database.url, faults: parseFaults('empty-pull') });
  const made = bed(t, faulty.url, 2);
  for (const device of made.devices) await device.fullSync(3);
  for (const device of made.devices) await device.pull();
  const sum = sums(made);
  assert.equal(sum('changes_accepted'), 6);
  assert.equal(sum('changes_pulled'), 0);
});

test('a relay that is away: no answer is a failed check, and a push that was sent has no known outcome', async (t) => {
  const url = await stub(t, () => undefined);
  const made = bed(t, url);
  await made.device.push(1);
  assert.equal(made.vu.takeOutcome(), 'indeterminate');
  assert.deepEqual(made.errors, { 'connection closed by the target': 1, 'check: push: status is 200': 1 });
  assert.equal(sums(made)('changes_accepted'), 0);
});

interface Asked {
  device_id: string;
  since_timestamp: number;
  changes: Change[];
}

/** A relay that answers what a test wants; undefined cuts the connection. */
async function stub(
  t: TestContext,
  answer: (path: string, body: string) => object | string | undefined,
  status = 200,
): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const content = answer(request.url!, body);
    if (content === undefined) request.socket.destroy();
    else response.writeHead(status).end(typeof content === 'string' ? content : JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A right answer: accepts all, has nothing to pull. */
function good(path: string, { changes, since_timestamp }: Asked) {
  return path.endsWith('/push')
    ? { protocol_version: '1.0.0', success: true, accepted: changes.map(({ id }) => id), rejected: [], timestamp: 1 }
    : { protocol_version: '1.0.0', changes: [] as unknown[], has_more: false, timestamp: since_timestamp + 1 };
}

/** What is wrong with an answer of `call` that was right before `spoil` had its way with it. */
async function complaints(
  t: TestContext,
  call: 'push' | 'pull',
  spoil: (answer: Record<string, unknown>, asked: Asked) => unknown,
  status?: number,
) {
  const answer = (path: string, body: string) => {
    const asked = JSON.parse(body) as Asked;
    const right: Record<string, unknown> = good(path, asked);
    const spoilt = spoil(right, asked);
    return (typeof spoilt === 'string' ? spoilt : right) as object | string;
  };
  const made = bed(t, await stub(t, answer, status));
  if (call === 'push') await made.device.push(2);
  else await made.device.pull();
  const outcome = made.vu.takeOutcome();
  assert.equal(outcome, Object.keys(made.errors).length > 0 ? 'failed' : 'ok');
  return { errors: made.errors, sum: sums(made) };
}

const CONTRACT = {
  push: 'check: push: answer is as in the contract',
  pull: 'check: pull: answer is as in the contract',
};

test('right answers raise no complaint', async (t) => {
  assert.deepEqual((await complaints(t, 'push', () => {})).errors, {});
  assert.deepEqual((await complaints(t, 'pull', () => {})).errors, {});
});

test('an answer that lacks a field, or has another type in it, is not as in the contract', async (t) => {
  for (const call of ['push', 'pull'] as const) {
    const names = call === 'push' ? ['success', 'accepted', 'rejected'] : ['changes', 'has_more'];
    for (const field of ['protocol_version', 'timestamp', ...names]) {
      for (const value of [undefined, null, 7.5]) {
        if (field === 'timestamp' && value === 7.5) continue;
        const { errors } = await complaints(t, call, (answer) => {
          answer[field] = value;
        });
        assert.deepEqual(errors, { [CONTRACT[call]]: 1 }, `${call}: ${field} is ${value}`);
      }
    }
    for (const text of ['', '<html></html>', 'null', '[]', '"ok"']) {
      assert.deepEqual((await complaints(t, call, () => text)).errors, { [CONTRACT[call]]: 1 }, text);
    }
  }
});

test('elements that are none are not as in the contract', async (t) => {
  const push = (spoilt: object) => complaints(t, 'push', (answer) => void Object.assign(answer, spoilt));
  const pull = (change: unknown) =>
    complaints(t, 'pull', (answer) => void Object.assign(answer, { changes: [change] }));
  const spoilt = [
    await push({ accepted: [1, 2] }),
    await push({ rejected: [null] }),
    await push({ rejected: [{ id: 'x' }] }),
  ];
  for (const { errors } of spoilt) assert.deepEqual(errors, { [CONTRACT.push]: 1 });
  for (const change of [null, 'x', { id: 1, encrypted_payload: '' }, { id: 'x' }]) {
    assert.deepEqual((await pull(change)).errors, { [CONTRACT.pull]: 1 });
  }
});

test('a rejected change is a failure, with 200 as well', async (t) => {
  const { errors, sum } = await complaints(t, 'push', (answer) => {
    const [first, second] = answer.accepted as string[];
    Object.assign(answer, { accepted: [first], rejected: [{ id: second, reason: 'conflict' }] });
  });
  assert.deepEqual(errors, { 'check: push: no change is rejected': 1 });
  assert.equal(sum('changes_accepted'), 1);
  assert.equal(sum('changes_rejected'), 1);
});

test('a relay that shows what it refused, and one that shows what nobody pushed, has more than it acknowledged', async (t) => {
  const kept: Change[] = [];
  const url = await stub(t, (path, body) => {
    const asked = JSON.parse(body) as Asked;
    if (!path.endsWith('/push')) {
      return { ...good(path, asked), changes: kept.filter(({ device_id }) => device_id !== asked.device_id) };
    }
    kept.push(...asked.changes.map((one) => ({ ...one, device_id: asked.device_id })));
    const [first, second] = asked.changes.map(({ id }) => id);
    return { ...good(path, asked), accepted: [first], rejected: [{ id: second, reason: 'conflict' }] };
  });
  const made = bed(t, url, 2);
  const [writer, reader] = made.devices as [RelayDevice, RelayDevice];
  await writer.push(2);
  kept.push({ ...kept[0]!, id: 'changed-on-its-way' });
  await reader.settle();
  const brought = made.devices.map((device) => ({ ...device.evidence() }));
  const [{ violations, examples }] = consult(['acknowledged-writes'], brought, declaredOracles) as [OracleResult];
  assert.equal(violations, 2);
  assert.deepEqual(
    examples.map((one) => (one as { unexpected: string }).unexpected),
    ['no participant gives such names', 'it was refused, or never written'],
  );
  // A configured account is everybody's: what is not of this scenario is of somebody else.
  const configured = bed(t, url, 1, 'configured-token');
  await configured.device.settle();
  assert.equal(configured.device.evidence()['acknowledged-writes'][0]!.strays.length, 0);
});

test('a change that was neither accepted nor rejected, one of nobody, and one that was answered twice', async (t) => {
  const every = { 'check: push: every change is accepted or rejected': 1 };
  const accepted = (change: (ids: string[]) => string[]) =>
    complaints(t, 'push', (answer) => {
      answer.accepted = change(answer.accepted as string[]);
    });
  assert.deepEqual((await accepted(([first]) => [first!])).errors, every);
  assert.deepEqual((await accepted(([first]) => [first!, 'somebody-else’s'])).errors, every);
  assert.deepEqual((await accepted((ids) => [...ids, 'somebody-else’s'])).errors, every);
  assert.deepEqual((await accepted(([first]) => [first!, first!])).errors, every);
});

test('the answer to another device’s push is the other’s, and a promise that was broken', async (t) => {
  const pushed: Asked[] = [];
  const url = await stub(t, (path, body) => {
    const asked = JSON.parse(body) as Asked;
    if (!path.endsWith('/push')) {
      const changes = pushed.flatMap(({ changes, device_id }) =>
        device_id === asked.device_id ? [] : changes.map((one) => ({ ...one, device_id })),
      );
      return { ...good(path, asked), changes };
    }
    pushed.push(asked);
    return good(path, pushed[0]!);
  });
  const { devices } = bed(t, url, 2);
  for (const device of devices) await device.push(1);
  for (const device of devices) await device.settle();
  const brought = devices.map((device) => ({ ...device.evidence() }));
  const [{ violations, examples }] = consult(['acknowledged-writes'], brought, declaredOracles) as [OracleResult];
  assert.equal(violations, 1);
  assert.equal((examples[0] as { unexpected: string }).unexpected, 'its answer was given to another one');
});

function change(fields: Partial<Change> = {}): Partial<Change> {
  const about = { entity_id: 'entity', version_vector: { another: 1 } };
  return { id: 'change-1', encrypted_payload: 'AAAA', device_id: 'another', ...about, ...fields };
}

const UNREADABLE = { 'check: pull: change is as it was pushed': 1 };

test('a payload that is not what was pushed', async (t) => {
  const { errors, sum } = await complaints(t, 'pull', (answer) => void Object.assign(answer, { changes: [change()] }));
  assert.deepEqual(errors, UNREADABLE);
  assert.equal(sum('changes_pulled'), 1);
});

test('a change that is handed on as another: what it says and what it is about belong together', async (t) => {
  const swap = ([a, b]: Change[]) => {
    [a!.encrypted_payload, b!.encrypted_payload] = [b!.encrypted_payload, a!.encrypted_payload];
  };
  const spoils: [what: string, spoil: (changes: Change[]) => void, there: number[]][] = [
    ['as they were', () => {}, [1, 2]],
    ['with a time of the relay’s own', ([a]) => void Object.assign(a!, { timestamp: 7 }), [1, 2]],
    ['each with the other’s payload', swap, []],
    ['a deletion', ([a]) => void Object.assign(a!, { operation: 'DELETE' }), [2, 2]],
    ['of another type', ([a]) => void Object.assign(a!, { entity_type: 'somewhat' }), [2, 2]],
    ['of another entity', ([a]) => void Object.assign(a!, { entity_id: 'another' }), [2, 2]],
    ['older than it is', ([a]) => void Object.assign(a!.version_vector, { older: 1 }), [2, 2]],
    ['cut off', ([a]) => void Object.assign(a!, { encrypted_payload: a!.encrypted_payload.slice(0, 40) }), [2, 2]],
  ];
  for (const [what, spoil, there] of spoils) {
    let stored: Change[] = [];
    const answer = (path: string, body: string) => {
      const asked = JSON.parse(body) as Asked;
      const right = good(path, asked);
      if (path.endsWith('/push')) stored = asked.changes;
      else if (!asked.device_id.endsWith('-0')) {
        const changes = structuredClone(stored);
        spoil(changes);
        Object.assign(right, { changes });
      }
      return right;
    };
    const made = bed(t, await stub(t, answer));
    await made.device.push(2);
    await made.device.settle();
    const { found } = made.device.evidence()['acknowledged-writes'][1]!;
    assert.deepEqual(found[made.device.deviceId] ?? [], there, what);
    const altered = there.length === 0 ? 2 : 2 - (there[1]! - there[0]! + 1);
    assert.equal(made.errors['check: pull: change is as it was pushed'] ?? 0, altered, what);
  }
});

test('a device that gets its own change back', async (t) => {
  const { errors } = await complaints(t, 'pull', (answer, { device_id }) => {
    answer.changes = [change({ device_id })];
  });
  assert.deepEqual(errors, { 'check: pull: no change of its own': 1, ...UNREADABLE });
});

test('a change that comes twice, in one page or in two', async (t) => {
  const twice = { 'check: pull: no change twice': 1 };
  const onePage = await complaints(t, 'pull', (answer) => {
    answer.changes = [change(), change()];
  });
  assert.deepEqual(onePage.errors, { ...twice, ...UNREADABLE });
  let pages = 0;
  const twoPages = await complaints(t, 'pull', (answer) => {
    pages += 1;
    Object.assign(answer, { changes: [change()], has_more: pages === 1 });
  });
  assert.deepEqual(twoPages.errors, { ...twice, 'check: pull: change is as it was pushed': 2 });
});

test('more than a hundred changes in a page', async (t) => {
  const page = (length: number) =>
    complaints(t, 'pull', (answer) => {
      answer.changes = Array.from({ length }, (_, index) => change({ id: `change-${index}` }));
    });
  assert.deepEqual((await page(101)).errors, { 'check: pull: at most 100 changes a page': 1, ...UNREADABLE });
  assert.deepEqual((await page(100)).errors, UNREADABLE);
});

test('a has_more that never ends lets the device go', async (t) => {
  const { errors, sum } = await complaints(t, 'pull', (answer) => {
    answer.has_more = true;
  });
  assert.deepEqual(errors, { 'check: pull: has_more comes to an end': 1 });
  assert.equal(sum('http_reqs{op:pull}'), 100);
});

test('a rate limit and a server error are named beside the check that they fail', async (t) => {
  const limited = await complaints(t, 'push', () => {}, 429);
  assert.deepEqual(limited.errors, { 'HTTP 429 (rate limited)': 1, 'check: push: status is 200': 1 });
  assert.equal(limited.sum('changes_accepted'), 0);
  const failing = await complaints(t, 'pull', () => {}, 503);
  assert.deepEqual(failing.errors, { 'HTTP 503': 1, 'check: pull: status is 200': 1 });
});

test('a configured account is pulled from now on, a made-up one from its beginning', async (t) => {
  const since: number[] = [];
  const url = await stub(t, (path, body) => {
    since.push((JSON.parse(body) as Asked).since_timestamp);
    return good(path, JSON.parse(body));
  });
  const before = Date.now();
  await bed(t, url).device.pull();
  await bed(t, url, 1, 'a-real-token').device.pull();
  assert.equal(since[0], 0);
  assert.ok(since[1]! >= before);
});

test('of a configured account nothing is missed whose relay’s clock is minutes behind, and what is lost there still is', async (t) => {
  for (const [behindMs, loses, status] of [
    [5 * 60_000, () => false, 'ok'],
    [5 * 60_000, (id: string) => id.endsWith('-7'), 'violated'],
    [0, () => false, 'ok'],
  ] as const) {
    const { url } = await publishedRelay(t, { behindMs, loses });
    const slice = testSlice(url, 'a-real-token');
    const access = await RelayAccess.open(slice);
    t.after(() => access.close());
    const devices = [0, 1].map((id) => new RelayDevice(access, testVu(slice, id)));
    const [writer, reader] = devices as [RelayDevice, RelayDevice];
    for (let pushes = 0; pushes < 3; pushes++) await writer.push(5);
    await reader.settle();
    assert.deepEqual(slice.recorder.errors, {});
    // It was long ago that anybody wrote.
    const brought = devices.map((device) => ({
      'acknowledged-writes': device.evidence()['acknowledged-writes'].map(({ readFrom: _, ...one }) => one),
    }));
    const [judged] = consult(['acknowledged-writes'], brought, declaredOracles) as [OracleResult];
    assert.deepEqual([judged.status, judged.checked], [status, 15], `${behindMs} ms behind`);
  }
});

test('a relay that orders by the changes’ own timestamps: none is rejected, none is missed', async (t) => {
  const { url, rejected } = await publishedRelay(t);
  const made = bed(t, url, 2);
  const [writer, reader] = made.devices as [RelayDevice, RelayDevice];
  for (let pushes = 0; pushes < 50; pushes++) await writer.push(5);
  assert.equal(await reader.pull(), true);
  assert.equal(sums(made)('changes_pulled'), 250);
  assert.deepEqual(rejected, []);
  assert.deepEqual(made.errors, {});
});

test('a relay that keeps the last change of each entity alone has lost nothing; one that lost a last one has', async (t) => {
  for (const [habits, status] of [
    [{ keepsLast: true }, 'ok'],
    [{ loses: (id: string) => id.endsWith('-7') }, 'violated'],
    [{ keepsLast: true, loses: (id: string) => /-(29|30)\d$/.test(id) }, 'violated'],
  ] as const) {
    const { url } = await publishedRelay(t, habits);
    const made = bed(t, url, 2);
    const [writer, reader] = made.devices as [RelayDevice, RelayDevice];
    for (let pushes = 0; pushes < 60; pushes++) {
      await writer.push(5);
      if (pushes % 10 === 0) await reader.pull();
    }
    for (const device of made.devices) await device.settle();
    // It was long ago that the last one wrote.
    const longAgo = ({ readFrom: _, ...one }: SetEvidence) => one;
    const brought = made.devices.map((device) => ({
      'acknowledged-writes': device.evidence()['acknowledged-writes'].map(longAgo),
    }));
    const [judged] = consult(['acknowledged-writes'], brought, declaredOracles) as [OracleResult];
    assert.equal(judged.status, status, JSON.stringify(habits));
    if (status === 'ok') assert.ok(judged.checked > 50 && judged.checked <= 100, String(judged.checked));
  }
});
