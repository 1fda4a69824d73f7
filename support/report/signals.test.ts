import assert from 'node:assert/strict';
import { test } from 'node:test';
import { courseText, healthyText } from './signals.ts';
import { exampleVerdict, signal } from './verdict.fixture.ts';

test('healthy signals are a line, with the figures of the machine', () => {
  const figures = 'machine CPU 72 % · steal 0.2 % · control page 31.0 ms (calm 23.9 ms)';
  const { health } = exampleVerdict();
  assert.equal(healthyText(exampleVerdict()), `8 health signals within limits · ${figures}`);
  const [, ...others] = health.signals;
  const bad = { ...health, signals: [signal('event-loop-delay', 900, 100, 'ms', 'sync-relay'), ...others] };
  assert.equal(healthyText(exampleVerdict({ health: bad })), `7 of 8 health signals within limits · ${figures}`);
  const one = { ...health, signals: [signal('gc-pause', 5, 100, 'ms', 'sync-relay')] };
  assert.equal(healthyText(exampleVerdict({ health: one })), '1 health signal within limits');
  assert.equal(healthyText(exampleVerdict({ health: { ...health, signals: [] } })), '');
});

test('how far apart the parts of a run began, and what it cost', () => {
  const { health } = exampleVerdict();
  const told = (more: object) =>
    courseText(exampleVerdict({ health: { ...health, startSpreadMs: 3, generatorCpuSeconds: 12.34, ...more } }));
  assert.equal(told({}), 'Slices started within 3.00 ms; the generator used 12.3 s of CPU');
  assert.match(told({ shardSpreadMs: 40 }), /^Slices started within 3\.00 ms, shards within 40\.0 ms; /);
});
