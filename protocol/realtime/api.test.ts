import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { delivery } from '../../support/check/delivery.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { RealtimeAccess, RealtimeClient, type RealtimeConditions, realtimeMetrics } from './api.ts';

type Message = Record<string, unknown>;
/** What a target does with what it is sent. @param connection counts from 1 */
type Act = (webSocket: WebSocket, message: Message, connection: number) => void;

const HOUR_MS = 3_600_000;
const say = (webSocket: WebSocket, message: Message) =>
  webSocket.send(JSON.stringify({ timestamp: Date.now(), ...message }));

/** A target as it should be, with so many events in its channel so far. */
const good =
  (sequence = 0): Act =>
  (webSocket, { action, type, channel }) => {
    if (action === 'subscribe') say(webSocket, { type: 'subscribed', channel, sequence });
    if (type === 'ping') say(webSocket, { type: 'pong' });
    if (type === 'metric_query') say(webSocket, { type: 'metric_query_result' });
    if (type === 'vm_query') say(webSocket, { type: 'vm_query_result' });
  };

/** A client that is looked after all the time, and a scripted target. */
async function bed(t: TestContext, act: Act, conditions: Partial<RealtimeConditions> = {}, fields: object = {}) {
  const webSockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(webSockets, 'listening');
  const requests: { url: string | undefined; from: string | undefined }[] = [];
  const messages: Message[] = [];
  webSockets.on('connection', (webSocket, request) => {
    const connection = requests.push({ url: request.url, from: request.socket.remoteAddress });
    webSocket.on('message', (text) => {
      const message = JSON.parse(String(text));
      messages.push(message);
      act(webSocket, message, connection);
    });
  });
  const recorder = new Recorder('test', 'load', metricDefinitions(realtimeMetrics));
  const url = `http://127.0.0.1:${(webSockets.address() as AddressInfo).port}`;
  const slice = { ...testSlice(url), recorder, ...fields };
  const access = new RealtimeAccess(slice, 'secret token', {
    channels: ['vm_status'],
    lifeMs: [100, 100],
    heartbeatMs: 10,
    timeoutMs: 5_000,
    queriesPerMinute: 0,
    localAddressOf: () => undefined,
    ...conditions,
  });
  const vu = testVu(slice);
  const client = new RealtimeClient(access, vu);
  const timer = setInterval(() => client.visit(), 2);
  t.after(() => {
    clearInterval(timer);
    for (const webSocket of webSockets.clients) webSocket.terminate();
    webSockets.close();
  });
  const delivered = () => delivery([access.history.evidence()!]);
  return {
    client,
    vu,
    access,
    requests,
    messages,
    delivered,
    errors: recorder.errors,
    recorded: () => recorded(slice),
  };
}

test('a life: subscription, heartbeats, queries, the same subscription once more, and a proper end', async (t) => {
  const act: Act = (webSocket, message, connection) => {
    good()(webSocket, message, connection);
    const timestamp = new Date().toISOString();
    if (message.type === 'ping') say(webSocket, { type: 'vm_status', channel: 'vm_status', vm_id: 'vm', timestamp });
  };
  const made = await bed(t, act, { queriesPerMinute: 6_000, localAddressOf: () => '127.0.0.9' });
  await made.client.live();
  assert.equal(made.vu.takeOutcome(), 'ok');
  assert.deepEqual(made.errors, {});
  assert.deepEqual(made.requests, [{ url: '/realtime?token=secret+token', from: '127.0.0.9' }]);
  const subscribe = { action: 'subscribe', channel: 'vm_status' };
  assert.deepEqual([made.messages[0], made.messages.at(-1)], [subscribe, subscribe]);
  const ping = made.messages.find(({ type }) => type === 'ping');
  assert.ok(Number.isInteger(ping?.timestamp) && ping?.client_id === 'test-0');
  const query = { type: 'metric_query', action: 'get_metrics', resource: 'cpu' };
  assert.deepEqual(
    made.messages.find(({ type }) => type === 'metric_query'),
    query,
  );
  const metrics = made.recorded();
  for (const metric of ['ws_ping', 'realtime_query_duration', 'realtime_event_latency{channel:vm_status}']) {
    assert.equal(metrics[metric]?.t, 'trend', metric);
  }
  // Its events have no numbers.
  assert.equal(made.access.history.evidence(), null);
});

test('an answer about another VM, or about the VM as it was, fails a check', async (t) => {
  let status = 'running';
  const act: Act = (webSocket, message, connection) => {
    const answer = { type: 'vm_query_result', vm_id: connection === 2 ? 'other' : message.vm_id, status };
    if (message.type === 'vm_query') say(webSocket, answer);
    else good()(webSocket, message, connection);
  };
  const made = await bed(t, act, { queriesPerMinute: 6_000 });
  const { watched } = made.access;
  watched.id = 'vm';
  watched.joined(watched);
  watched.changing('running');
  watched.hear('running');
  watched.isSettled(0);
  await made.client.live();
  assert.deepEqual(made.errors, {});
  await made.client.live();
  const wrong = 'check: realtime: query is answered for the VM as it is';
  assert.deepEqual(Object.keys(made.errors), [wrong]);
  const before = made.errors[wrong]!;
  status = 'stopped';
  await made.client.live();
  assert.ok(made.errors[wrong]! > before);
});

test('a VM whose id is a number is asked about by that number', async (t) => {
  const act: Act = (webSocket, message, connection) => {
    if (message.type === 'vm_query') say(webSocket, { type: 'vm_query_result', vm_id: message.vm_id });
    else good()(webSocket, message, connection);
    if (message.type === 'ping') say(webSocket, { type: 'vm_status', channel: 'vm_status', vm_id: 42 });
  };
  const made = await bed(t, act, { queriesPerMinute: 6_000, lifeMs: [300, 300] });
  await made.client.live();
  assert.deepEqual([made.errors, made.access.vmId], [{}, 42]);
});

test('an event or an answer may have as a text the id that is a number by REST', async (t) => {
  let answered = '42';
  const act: Act = (webSocket, message, connection) => {
    if (message.type === 'vm_query') say(webSocket, { type: 'vm_query_result', vm_id: answered, status: 'running' });
    else good()(webSocket, message, connection);
    if (message.type === 'ping')
      say(webSocket, { type: 'vm_status', channel: 'vm_status', vm_id: '42', status: 'running' });
  };
  let isOver = () => false;
  const conditions = { queriesPerMinute: 6_000, lifeMs: [HOUR_MS, HOUR_MS] as const };
  const made = await bed(t, act, conditions, { isOver: () => isOver() });
  const { watched } = made.access;
  watched.id = 42;
  watched.joined(watched);
  watched.changing('running');
  isOver = () => watched.isSettled(0);
  await made.client.live();
  assert.deepEqual(made.errors, {});
  answered = '43';
  isOver = () => Object.keys(made.errors).length > 0;
  await made.client.live();
  assert.deepEqual(Object.keys(made.errors), ['check: realtime: query is answered for the VM as it is']);
});

test('a VM and its status are found in the data of an event or an answer, too', async (t) => {
  let status = 'running';
  const act: Act = (webSocket, { action, type, channel, vm_id }) => {
    if (action === 'subscribe') say(webSocket, { type: 'subscription_confirmed', channel });
    if (type === 'ping') say(webSocket, { type: 'pong' });
    if (type === 'ping') say(webSocket, { type: 'changed', channel: 'vm_status', data: { vm_id: 'vm', status } });
    if (type === 'vm_query') say(webSocket, { type: 'vm_query_response', data: { vm_id, status } });
    if (type === 'metric_query') say(webSocket, { type: 'metric_query_response', data: { cpu: 1 } });
  };
  let isOver = () => false;
  const conditions = { queriesPerMinute: 6_000, lifeMs: [HOUR_MS, HOUR_MS] as const };
  const made = await bed(t, act, conditions, { isOver: () => isOver() });
  const { watched } = made.access;
  watched.id = 'vm';
  watched.joined(watched);
  watched.changing('running');
  isOver = () => watched.isSettled(0);
  await made.client.live();
  assert.deepEqual([made.errors, made.access.vmId], [{}, 'vm']);
  status = 'stopped';
  isOver = () => Object.keys(made.errors).length > 0;
  await made.client.live();
  assert.deepEqual(Object.keys(made.errors), ['check: realtime: query is answered for the VM as it is']);
});

test('of a target that confirms no subscription to anybody the events that come are the confirmation', async (t) => {
  const act: Act = (webSocket, { type }) => {
    if (type === 'ping') say(webSocket, { type: 'pong' });
    if (type === 'ping') say(webSocket, { type: 'vm_status', channel: 'vm_status', vm_id: 'vm', status: 'running' });
  };
  let isOver = () => false;
  const conditions = { channels: ['vm_status', 'alerts'], lifeMs: [HOUR_MS, HOUR_MS] as const };
  const made = await bed(t, act, conditions, { isOver: () => isOver() });
  isOver = () => made.access.vmId !== undefined;
  await made.client.live();
  made.access.vmId = undefined;
  await made.client.live();
  assert.deepEqual([made.vu.takeOutcome(), made.errors], ['ok', {}]);
  // Subscribed to once in each life: to some, twice brings all twice.
  assert.equal(made.messages.filter(({ action }) => action === 'subscribe').length, 4);
});

test('one that confirms a channel and not another has not confirmed that one, whatever events come', async (t) => {
  const act: Act = (webSocket, message, connection) => {
    if (message.channel !== 'alerts') good()(webSocket, message, connection);
    if (message.action) say(webSocket, { type: 'vm_status', channel: 'vm_status', vm_id: 'vm', status: 'running' });
  };
  let errorsOf: Record<string, number> = {};
  const wrong = 'WebSocket: a subscription is not confirmed';
  const conditions = { channels: ['vm_status', 'alerts'], lifeMs: [HOUR_MS, HOUR_MS] as const, heartbeatMs: HOUR_MS };
  const made = await bed(t, act, { ...conditions, timeoutMs: 2_000 }, { isOver: () => wrong in errorsOf });
  errorsOf = made.errors;
  await made.client.live();
  assert.deepEqual(Object.keys(made.errors), ['check: realtime: subscription is confirmed', wrong]);
});

test('a clock that is an hour ahead shows in the offset and not in the latency', async (t) => {
  const ahead = () => ({ timestamp: Date.now() + HOUR_MS });
  const made = await bed(t, (webSocket, { action, type, channel }) => {
    if (action === 'subscribe') say(webSocket, { type: 'subscribed', channel, sequence: 1, ...ahead() });
    if (type === 'ping') say(webSocket, { type: 'pong', ...ahead() });
    if (type === 'ping') say(webSocket, { type: 'vm_status', channel: 'vm_status', sequence: 1, ...ahead() });
  });
  await made.client.live();
  const metrics = made.recorded();
  const offset = metrics.realtime_clock_offset;
  assert.ok(offset?.t === 'gauge' && Math.abs(offset.last - HOUR_MS) < 1_000);
  assert.ok(made.access.offset.roundTripMs < 1_000);
  const latency = metrics['realtime_event_latency{channel:vm_status}'];
  assert.ok(latency?.t === 'trend' && latency.sum < 1_000, JSON.stringify(latency));
});

test('time stamps in whole seconds tell neither latency nor offset, and it is said why', async (t) => {
  const timestamp = () => Math.trunc(Date.now() / 1_000);
  const made = await bed(t, (webSocket, { action, type, channel }) => {
    if (action === 'subscribe') say(webSocket, { type: 'subscribed', channel, sequence: 1, timestamp: timestamp() });
    if (type === 'ping') say(webSocket, { type: 'pong', timestamp: timestamp() });
    if (type === 'ping')
      say(webSocket, { type: 'vm_status', channel: 'vm_status', sequence: 1, timestamp: timestamp() });
  });
  await made.client.live();
  const metrics = made.recorded();
  assert.deepEqual(
    [metrics.realtime_clock_offset, metrics['realtime_event_latency{channel:vm_status}']],
    [undefined, undefined],
  );
  const why = 'metric "realtime_event_latency": the target\'s time stamps tell no fraction of a second';
  assert.deepEqual(Object.keys(made.errors), [why]);
});

test('a target that does not tell its last event is subscribed to once: twice it would be a mistake, or bring all twice', async (t) => {
  for (const [what, sequences, counts] of [
    ['no numbers', [undefined], undefined],
    ['numbers', [4, 5], { events: 2, lost: 0 }],
    ['what is missing may be late', [4, 6, 5], { events: 3, lost: 0 }],
  ] as const) {
    let subscriptions = 0;
    const made = await bed(t, (webSocket, { action, type, channel }) => {
      if (action === 'subscribe') {
        subscriptions += 1;
        say(webSocket, subscriptions === 1 ? { type: 'subscribed', channel } : { type: 'error', message: 'again' });
        for (const sequence of sequences) say(webSocket, { type: 'vm_status', channel: 'vm_status', sequence });
      }
      if (type === 'ping') say(webSocket, { type: 'pong' });
    });
    await made.client.live();
    assert.deepEqual([subscriptions, made.vu.takeOutcome(), made.errors], [1, 'ok', {}], what);
    const found = made.access.history.evidence()?.counts;
    assert.deepEqual(found && { events: found.events, lost: found.lost }, counts, what);
  }
});

test('what the target says at the end that it sent, and did not, is lost', async (t) => {
  const stop = new AbortController();
  let subscriptions = 0;
  const act: Act = (webSocket, message, connection) => {
    if (message.action === 'subscribe') subscriptions += 1;
    good(subscriptions === 1 ? 4 : 6)(webSocket, message, connection);
  };
  const made = await bed(t, act, {}, { signal: stop.signal });
  const life = made.client.live();
  while (made.delivered().counts?.confirmed !== 1) await turn();
  // Else it would be waited for a while.
  stop.abort();
  await life;
  const { status, checked, violations, counts } = made.delivered();
  assert.deepEqual([status, checked, violations, counts?.lost, counts?.confirmed], ['violated', 2, 2, 2, 1]);
  assert.deepEqual(made.recorded().realtime_events_lost, { t: 'counter', sum: 2 });
});

test('the end waits for what is still under way, and for what was overtaken', async (t) => {
  let subscriptions = 0;
  const made = await bed(t, (webSocket, message, connection) => {
    if (message.action === 'subscribe') subscriptions += 1;
    good(subscriptions === 1 ? 4 : 6)(webSocket, message, connection);
    if (subscriptions < 2) return;
    for (const sequence of [6, 5]) say(webSocket, { type: 'vm_status', channel: 'vm_status', sequence });
  });
  await made.client.live();
  const { violations, counts } = made.delivered();
  assert.deepEqual([violations, counts?.reordered, counts?.lost, counts?.events], [1, 1, 0, 2]);
});

test('another connection begins anew where the target says', async (t) => {
  const made = await bed(t, (webSocket, message, connection) => good(connection * 100)(webSocket, message, connection));
  await made.client.live();
  await made.client.live();
  const { violations, counts } = made.delivered();
  assert.deepEqual([violations, counts?.subscriptions, counts?.confirmed, made.requests.length], [0, 2, 2, 2]);
});

const without =
  (...types: string[]): Act =>
  (webSocket, message, connection) => {
    if (!types.includes(String(message.type ?? message.action))) good()(webSocket, message, connection);
  };
const answering =
  (act: (webSocket: WebSocket) => void): Act =>
  (webSocket) =>
    act(webSocket);

const failures: [name: string, act: Act, errors: string[]][] = [
  [
    'does not answer heartbeats',
    without('ping'),
    ['check: realtime: heartbeat is answered', 'WebSocket: a heartbeat is not answered'],
  ],
  [
    'does not confirm the subscription',
    without('subscribe'),
    ['check: realtime: subscription is confirmed', 'WebSocket: a subscription is not confirmed'],
  ],
  ['does not answer queries', without('metric_query'), ['check: realtime: query is answered']],
  ['answers with an error', answering((one) => say(one, { type: 'error' })), ['check: realtime: no error is answered']],
  ['sends no JSON', answering((one) => one.send('{')), ['WebSocket: no JSON object']],
  ['sends no object', answering((one) => one.send('null')), ['WebSocket: no JSON object']],
  [
    'ends the connection',
    answering((one) => one.close(1012)),
    ['WebSocket: closed by the target (1012 service restart)'],
  ],
];
for (const [name, act, errors] of failures) {
  test(`a target that ${name}`, async (t) => {
    let errorsOf: Record<string, number> = {};
    const isOver = () => errors.every((error) => error in errorsOf);
    // Only what this target does not do may be late: on a busy machine the rest is, too.
    const [beats, queries] = ['does not answer heartbeats', 'does not answer queries'].map((one) => one === name);
    const conditions = {
      lifeMs: [HOUR_MS, HOUR_MS] as const,
      heartbeatMs: beats ? 10 : HOUR_MS,
      queriesPerMinute: queries ? 1_200 : 0,
    };
    const patient = beats || queries ? 2 : 0;
    const made = await bed(t, act, conditions, { isOver });
    // The connection, and where it is answered its subscription, have all the time.
    const asked = () => made.requests.length > 0 && made.messages.length >= patient;
    Object.defineProperty(made.access.conditions, 'timeoutMs', { get: () => (asked() ? 300 : 60_000) });
    errorsOf = made.errors;
    await made.client.live();
    assert.deepEqual(Object.keys(made.errors), errors);
    assert.equal(made.vu.takeOutcome(), 'failed');
  });
}

test('a target that is not there; and nobody connects any more when the schedule is over', async (t) => {
  let over = false;
  const { target } = testSlice('http://127.0.0.1:1');
  const made = await bed(t, good(), {}, { target, isOver: () => over });
  const life = made.client.live();
  while (Object.keys(made.errors).length === 0) await turn();
  over = true;
  await life;
  assert.equal(made.vu.takeOutcome(), 'failed');
  await made.client.live();
  assert.deepEqual(made.errors, { 'WebSocket: ECONNREFUSED': 1 });
  const { ws_connect_failed: failed, ws_sessions: sessions } = made.recorded();
  assert.deepEqual([failed, sessions], [{ t: 'rate', passes: 1, total: 1 }, undefined]);
});

test('when all want to end, they do so a hundred at a time', async (t) => {
  const { access } = await bed(t, good());
  const ended = (now: number) => Array.from({ length: 150 }, () => access.mayEnd(now)).filter(Boolean).length;
  assert.deepEqual([ended(1_000), ended(1_049), ended(1_050)], [100, 0, 100]);
});
