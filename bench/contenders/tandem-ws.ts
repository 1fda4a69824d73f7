/** Tandem's WebSocket load as a run does it, without Playwright around it. */
import { websocketMetrics } from '../../protocol/websocket/access.ts';
import { Connections } from '../../protocol/websocket/connections.ts';
import { websocketOptions } from '../../protocol/websocket/options.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { readOptions } from '../../support/options.ts';
import { random } from '../../support/schedule/random.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { Vu } from '../../support/worker/vu.ts';
import { contend } from '../contender.ts';
import { sliceContext } from '../load.ts';
import { MESSAGE_BYTES, ROUND_MS } from '../websocket-round.ts';

contend(async ({ origin, connections: count, requests }) => {
  const recorder = new Recorder('bench', 'load', metricDefinitions(websocketMetrics));
  const beganAt = performance.now();
  const elapsedMs = () => performance.now() - beganAt;
  const rate = (requests / count / ROUND_MS) * 1_000;
  const plain = sliceContext(origin, recorder, count);
  const url = origin.replace('http', 'ws');
  const slice = {
    ...plain,
    target: { ...plain.target, settings: { WS_ECHO_URL: url, WS_BROADCAST_URL: url } },
    options: readOptions(websocketOptions, { rate, size: MESSAGE_BYTES }, 'options'),
    endsAfterMs: ROUND_MS,
    elapsedMs,
    isOver: () => elapsedMs() >= ROUND_MS,
  };
  const connections = new Connections(slice);
  const vus = Array.from({ length: count }, (_, id) => new Vu(id, random('1', 'bench', id), slice));
  const pack = () => JSON.stringify(recorder.pack());
  const packing = setInterval(pack, 1_000);
  await Promise.all(vus.map((vu) => connections.join(vu).live()));
  clearInterval(packing);
  connections.close();
  pack();
  const { events, lost } = connections.evidence().delivery.counts;
  const errors = Object.keys(recorder.errors);
  if (lost > 0 || errors.length > 0) throw new Error(`${lost} messages were lost; errors: ${errors.join(', ')}`);
  return events;
});
