import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { checkRecipients, recipientsOf } from './recipients.ts';

test('who is told of a run is checked before it, and no address is shown', (t) => {
  const folder = folderOf(t, { taken: '' });
  checkRecipients({});
  checkRecipients({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:secret@localhost:4318',
    PROMETHEUS_TEXTFILE: join(folder, 'run.prom'),
  });
  const refused: [NodeJS.ProcessEnv, string][] = [
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:secret' },
      'OTEL_EXPORTER_OTLP_ENDPOINT is no URL; allowed is one such as http://localhost:4318.',
    ],
    [
      { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http:///v1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
      'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is no URL; allowed is one such as http://localhost:4318.',
    ],
    [
      { PROMETHEUS_TEXTFILE: '/nowhere/at/all/run.prom' },
      'PROMETHEUS_TEXTFILE is "/nowhere/at/all/run.prom", but its folder does not exist (ENOENT); allowed is a file in a folder that exists.',
    ],
    [
      { PROMETHEUS_TEXTFILE: join(folder, 'taken', 'run.prom') },
      `PROMETHEUS_TEXTFILE is "${join(folder, 'taken', 'run.prom')}", but ${join(folder, 'taken')} is no folder; allowed is a file in a folder that exists.`,
    ],
  ];
  for (const [env, message] of refused) assert.throws(() => checkRecipients(env), { message });
});

test('the endpoint of metrics goes before that of everything', () => {
  const own = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://a:1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://b:1' };
  assert.equal(recipientsOf(own).otlpEndpoint, 'http://a:1');
  assert.deepEqual(recipientsOf({ GITHUB_STEP_SUMMARY: 'summary.md', PROMETHEUS_TEXTFILE: '' }), {
    stepSummary: 'summary.md',
    prometheusFile: undefined,
    otlpEndpoint: undefined,
  });
});
