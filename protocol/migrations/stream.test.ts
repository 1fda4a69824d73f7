import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { Recorder } from '../../support/measure/recorder.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import type { Job } from './api.ts';
import { DwcpStream, dwcpStreamMetrics } from './stream.ts';

const subscribed = (fields: object = {}) =>
  JSON.stringify({ type: 'subscribed', channel: 'migrations', sequence: 0, timestamp: Date.now(), ...fields });
const event = (jobId: string | undefined, fields: object = {}) =>
  JSON.stringify({ type: 'migration', channel: 'migrations', job_id: jobId, status: 'in_progress', ...fields });

/** A stream whose server does this with what each connection sends. @param act counts connections from 1 */
async function bed(
  t: TestContext,
  act: (webSocket: WebSocket, message: string, connection: number) => void,
  timeoutMs?: number,
) {
  const webSockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(webSockets, 'listening');
  const url = `http://127.0.0.1:${(webSockets.address() as AddressInfo).port}`;
  const urls: string[] = [];
  webSockets.on('connection', (webSocket, request) => {
    const connection = urls.push(request.url!);
    webSocket.on('message', (message) => act(webSocket, String(message), connection));
  });
  const recorder = new Recorder('test', 'load', metricDefinitions(dwcpStreamMetrics));
  const slice = { ...testSlice(url), recorder };
  const stream = new DwcpStream(slice, 'secret token', timeoutMs);
  t.after(async () => {
    await stream.close();
    webSockets.close();
  });
  const heard: Job[] = [];
  const news = new EventEmitter();
  const follower = {
    hear(job: Job) {
      heard.push(job);
      news.emit('heard');
    },
  };
  const hear = async (count: number) => {
    while (heard.length < count) await once(news, 'heard');
  };
  return { stream, slice, urls, heard, hear, follower, errors: recorder.errors };
}

test('subscribes, and hands events to who follows their job, or their VM before the job has an id', async (t) => {
  const messages: string[] = [];
  const made = await bed(t, (webSocket, message) => {
    messages.push(message);
    webSocket.send(subscribed());
    webSocket.send(event('stranger', { vm_id: 'another', timestamp: Date.now() }));
    webSocket.send(JSON.stringify({ type: 'something else', timestamp: Date.now() }));
    webSocket.send(event('job', { vm_id: 'another', timestamp: Date.now() }));
    webSocket.send(event('early', { vm_id: 'vm', timestamp: new Date().toISOString(), job_sequence: 2 }));
    webSocket.send(event('job', { status: 'completed', data_loss: true }));
  });
  made.stream.followJob('job', made.follower);
  made.stream.follow('vm', made.follower);
  assert.equal(made.stream.generation, undefined);
  await made.stream.open();
  assert.equal(made.stream.generation, 1);
  await made.hear(3);
  assert.deepEqual(
    made.heard.map(({ jobId, status, dataLoss, jobSequence }) => [jobId, status, dataLoss, jobSequence]),
    [
      ['job', 'in_progress', undefined, undefined],
      ['early', 'in_progress', undefined, 2],
      ['job', 'completed', true, undefined],
    ],
  );
  assert.deepEqual(messages, ['{"action":"subscribe","channel":"migrations"}']);
  assert.deepEqual(made.urls, ['/dwcp/v3/stream?token=secret%20token']);
  assert.deepEqual(made.errors, {});
  const latency = recorded(made.slice).migration_event_latency;
  assert.equal(latency?.t, 'trend');
});

test('a clock that is an hour ahead does not show in the latency', async (t) => {
  const hour = 3_600_000;
  const made = await bed(t, (webSocket) => {
    webSocket.send(subscribed({ timestamp: Date.now() + hour }));
    webSocket.send(event('job', { timestamp: Date.now() + hour }));
  });
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  await made.hear(1);
  const latency = recorded(made.slice).migration_event_latency;
  assert.ok(latency?.t === 'trend' && latency.sum < 10_000);
  assert.ok(Math.abs(made.stream.offset.offsetMs - hour) < 10_000);
});

test('time stamps in whole seconds tell no latency, and it is said why there is none; in seconds with a fraction they do', async (t) => {
  for (const [at, isTold] of [
    [() => `${new Date().toISOString().slice(0, 19)}+00:00`, false],
    [() => Math.trunc(Date.now() / 1_000), false],
    [() => 1_790_000_000.25, true],
  ] as const) {
    const made = await bed(t, (webSocket) => {
      webSocket.send(subscribed({ timestamp: at() }));
      webSocket.send(event('job', { timestamp: at() }));
    });
    made.stream.followJob('job', made.follower);
    await made.stream.open();
    await made.hear(1);
    const latency = recorded(made.slice).migration_event_latency;
    assert.equal(latency?.t, isTold ? 'trend' : undefined);
    const why = 'metric "migration_event_latency": the target\'s time stamps tell no fraction of a second';
    assert.deepEqual(made.errors, isTold ? {} : { [why]: 1 });
  }
});

test('who follows no more hears nothing', async (t) => {
  const made = await bed(t, (webSocket) => {
    webSocket.send(subscribed());
    webSocket.send(event('left'));
    webSocket.send(event('job'));
  });
  made.stream.followJob('left', made.follower);
  made.stream.followJob('job', made.follower);
  made.stream.unfollow('vm', 'left');
  await made.stream.open();
  await made.hear(1);
  assert.deepEqual(
    made.heard.map(({ jobId }) => jobId),
    ['job'],
  );
});

test('numbers are ids: a job and another one’s VM may have the same', async (t) => {
  const made = await bed(t, (webSocket) => {
    webSocket.send(subscribed());
    for (const [job_id, vm_id] of [
      [7, 3],
      [8, 7],
      [9, 4],
    ])
      webSocket.send(JSON.stringify({ channel: 'migrations', job_id, vm_id, status: 'in_progress' }));
  });
  const others: Job[] = [];
  made.stream.followJob(7, { hear: (job) => others.push(job) });
  made.stream.follow(7, made.follower);
  made.stream.follow(4, made.follower);
  await made.stream.open();
  await made.hear(2);
  const heard = [others, made.heard].map((jobs) => jobs.map(({ jobId, vmId }) => [jobId, vmId]));
  assert.deepEqual(heard, [
    [[7, 3]],
    [
      [8, 7],
      [9, 4],
    ],
  ]);
});

test('an event may have as a text what is a number by REST', async (t) => {
  const made = await bed(t, (webSocket) => {
    webSocket.send(subscribed());
    for (const job_id of ['7', '8']) webSocket.send(event(job_id, { vm_id: job_id }));
  });
  made.stream.followJob(7, made.follower);
  made.stream.follow(8, made.follower);
  await made.stream.open();
  await made.hear(2);
  assert.deepEqual(
    made.heard.map(({ jobId }) => jobId),
    ['7', '8'],
  );
});

test('of a target that confirms no subscription the events that come are the confirmation', async (t) => {
  let first: WebSocket | undefined;
  const made = await bed(t, (webSocket) => (first ??= webSocket), 20);
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  assert.equal(made.stream.generation, undefined);
  for (const sequence of [4, 6]) first!.send(event('job', { sequence, timestamp: Date.now() }));
  await made.hear(2);
  assert.equal(made.stream.generation, 1);
  const { subscriptions, events, lost } = made.stream.evidence()!.counts;
  assert.deepEqual([subscriptions, events, lost], [1, 2, 1]);
  // Whose clock is how far ahead nobody knows.
  const why = 'metric "migration_event_latency": no confirmation of a subscription tells the target\'s time';
  assert.deepEqual(made.errors, { [why]: 2 });
});

test('what comes before the confirmation is none of a target that confirms, and one that is missing ends the connection', async (t) => {
  const made = await bed(
    t,
    (webSocket, _message, connection) => {
      if (connection === 2) return;
      webSocket.send(event('job', { sequence: 1 }));
      webSocket.send(subscribed({ type: 'subscription_confirmed', sequence: 3 }));
      webSocket.send(event('job', { sequence: 4 }));
      if (connection === 1) webSocket.close(1012);
    },
    1_000,
  );
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  await made.hear(4);
  assert.equal(made.stream.generation, 2);
  const names = ['closed by the target (1012 service restart)', 'no subscription to migrations'];
  assert.deepEqual(made.errors, Object.fromEntries(names.map((name) => [`WebSocket: ${name}`, 1])));
  const { events, lost, duplicated } = made.stream.evidence()!.counts;
  assert.deepEqual([events, lost, duplicated], [2, 0, 0]);
});

test('what an event says of its job may stand in its data', async (t) => {
  const made = await bed(t, (webSocket) => {
    webSocket.send(subscribed());
    const data = { job_id: 'job', status: 'completed', data_loss: true, sequence: 9 };
    webSocket.send(JSON.stringify({ type: 'migration_completed', channel: 'migrations', sequence: 1, data }));
  });
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  await made.hear(1);
  assert.deepEqual([made.heard[0]!.status, made.heard[0]!.dataLoss], ['completed', true]);
  const { events, lost } = made.stream.evidence()!.counts;
  assert.deepEqual([events, lost], [1, 0]);
});

/** What ends the first connection, and the name it has among the errors. */
const losses: [name: string, act: (webSocket: WebSocket) => void][] = [
  ['closed by the target (1012 service restart)', (webSocket) => webSocket.close(1012)],
  ['closed by the target (1006 abnormal closure)', (webSocket) => webSocket.terminate()],
  ['no JSON object', (webSocket) => webSocket.send('[1')],
  ['no JSON object', (webSocket) => webSocket.send('1')],
  ['the stream answered with an error', (webSocket) => webSocket.send('{"type":"error","message":"no"}')],
  ['message too large', (webSocket) => webSocket.send('x'.repeat(100_000))],
  ['binary where text is due', (webSocket) => webSocket.send(Buffer.from(subscribed()))],
];
for (const [name, act] of losses) {
  test(`connects again after a loss, and says so: ${name}`, async (t) => {
    const made = await bed(t, (webSocket, _message, connection) => {
      webSocket.send(subscribed());
      if (connection === 1) act(webSocket);
      else webSocket.send(event('job'));
    });
    made.stream.followJob('job', made.follower);
    await made.stream.open();
    await made.hear(1);
    assert.equal(made.stream.generation, 2);
    assert.deepEqual(made.errors, { [`WebSocket: ${name}`]: 1 });
    const { migration_stream_reconnects: reconnects, ws_sessions: sessions } = recorded(made.slice);
    assert.deepEqual(
      [reconnects, sessions],
      [
        { t: 'counter', sum: 1 },
        { t: 'counter', sum: 2 },
      ],
    );
  });
}

test('events are evidence of their delivery, each connection by itself; without numbers there is none', async (t) => {
  const made = await bed(t, (webSocket, _message, connection) => {
    const [before, numbers] = connection === 1 ? [0, [1, 3]] : [10, [11, 13, 12, 12]];
    webSocket.send(subscribed({ sequence: before }));
    for (const sequence of numbers) webSocket.send(event('stranger', { sequence }));
    if (connection === 1) webSocket.close(1012);
    else webSocket.send(event('job', { sequence: 14 }));
  });
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  await made.hear(1);
  const { subscriptions, events, lost, duplicated, reordered } = made.stream.evidence()!.counts;
  assert.deepEqual([subscriptions, events, lost, duplicated, reordered], [2, 6, 1, 1, 1]);

  const unnumbered = await bed(t, (webSocket) => {
    webSocket.send(subscribed({ sequence: undefined }));
    webSocket.send(event('job'));
  });
  unnumbered.stream.followJob('job', unnumbered.follower);
  await unnumbered.stream.open();
  await unnumbered.hear(1);
  assert.equal(unnumbered.stream.evidence(), null);
});

test('what tells of no job, or of one in words of its own, is an event of the channel like any other', async (t) => {
  const made = await bed(t, (webSocket) => {
    webSocket.send(subscribed({ sequence: 0 }));
    webSocket.send(event('job', { sequence: 1 }));
    webSocket.send(JSON.stringify({ type: 'stats', channel: 'migrations', sequence: 2, active: 1 }));
    webSocket.send(event('job', { sequence: 3, status: 'cancelling' }));
    // Another channel has numbers of its own.
    webSocket.send(JSON.stringify({ type: 'alert', channel: 'alerts', sequence: 1 }));
    webSocket.send(event('job', { sequence: 4 }));
    webSocket.send(event('job', { sequence: 6 }));
  });
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  await made.hear(3);
  const { events, lost, duplicated, reordered } = made.stream.evidence()!.counts;
  assert.deepEqual([events, lost, duplicated, reordered], [5, 1, 0, 0]);
});

test('what a lost connection lacked is lost once, and what comes before the next is confirmed belongs to neither', async (t) => {
  const made = await bed(t, (webSocket, _message, connection) => {
    if (connection === 1) {
      webSocket.send(subscribed({ sequence: 0 }));
      for (const sequence of [1, 3]) webSocket.send(event('stranger', { sequence }));
      webSocket.close(1012);
    } else {
      for (const sequence of [3, 9]) webSocket.send(event('job', { sequence }));
    }
  });
  made.stream.followJob('job', made.follower);
  await made.stream.open();
  await made.hear(2);
  const { subscriptions, events, lost, duplicated, reordered } = made.stream.evidence()!.counts;
  assert.deepEqual([subscriptions, events, lost, duplicated, reordered], [1, 2, 1, 0, 0]);
});

test('without a stream, opening ends all the same; it goes on trying until it is closed', async (t) => {
  const slice = testSlice('http://127.0.0.1:1');
  const stream = new DwcpStream(slice, 'secret-token');
  t.after(() => stream.close());
  await stream.open();
  assert.equal(stream.generation, undefined);
  assert.deepEqual(slice.recorder.errors, { 'WebSocket: ECONNREFUSED': 1 });
});
