import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calmAndLoad } from '../judge/store.fixture.ts';
import { beyondText } from '../judge/words/signals.ts';
import { Recorder } from '../measure/recorder.ts';
import { defaultHealth } from '../schedule/health.fixture.ts';
import { LiveHealth } from './live-health.ts';

function interval(index: number, machineCpu: number) {
  const recorder = new Recorder('relay', 'load');
  recorder.add('machine_cpu_percent', machineCpu, { phase: 'load' });
  return { index, series: recorder.pack() };
}

function health() {
  return new LiveHealth([{ name: 'relay', kind: 'load', slices: 1, maxVUs: 5 }], calmAndLoad, defaultHealth);
}

test('a signal is told once, as soon as it is beyond its limit', () => {
  const live = health();
  assert.deepEqual([live.machineCpuPercent(), live.news()], [null, []]);
  for (let index = 0; index < 4; index++) live.add(interval(index, 99));
  assert.deepEqual(live.news(), []);
  live.add(interval(4, 99));
  assert.deepEqual(live.news().map(beyondText), ['machine CPU 99 % (allowed 95 %)']);
  live.add(interval(5, 99));
  assert.deepEqual(live.news(), []);
});

test('a machine with room is no news, and its CPU is that of the newest interval', () => {
  const live = health();
  for (let index = 0; index < 9; index++) live.add(interval(index, 10 * index));
  live.add(interval(3, 99));
  assert.equal(Math.round(live.machineCpuPercent()!), 80);
  assert.deepEqual(live.news(), []);
});
