import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scope } from './scope.ts';

const relay = { name: 'relay', kind: 'load' } as const;
const vms = { name: 'vms', kind: 'load' } as const;
const reader = { name: 'reader', kind: 'journey' } as const;
const all = [relay, vms, reader];

const thresholds = Object.fromEntries(
  [
    'http_req_duration',
    'http_req_failed{scenario:relay}',
    'iteration_failed{scenario:vms}',
    'checks',
    'accepted',
    'browser_web_vital_lcp',
    'browser_sessions{journey:reader}',
  ].map((selector) => [selector, ['count>0', 'count>1']]),
);

const kept = (running: typeof all, own: string[] = []) => scope(thresholds, all, running, new Set(own));

test('a whole run is judged by all of its thresholds', () => {
  assert.deepEqual(kept(all), { kept: thresholds, leftOut: [] });
});

test('a run of some scenarios is judged by what these can tell, and says what it left out', () => {
  const withoutBrowser = kept([relay], ['accepted']);
  assert.deepEqual(Object.keys(withoutBrowser.kept), [
    'http_req_duration',
    'http_req_failed{scenario:relay}',
    'checks',
    'accepted',
  ]);
  assert.deepEqual(withoutBrowser.leftOut, [
    { kind: 'left-out', severity: 'warning', scenarios: ['vms', 'reader'], thresholds: 6 },
  ]);
  const browserAlone = kept([reader]);
  assert.deepEqual(Object.keys(browserAlone.kept), [
    'checks',
    'browser_web_vital_lcp',
    'browser_sessions{journey:reader}',
  ]);
  assert.deepEqual(browserAlone.leftOut, [
    { kind: 'left-out', severity: 'warning', scenarios: ['relay', 'vms'], thresholds: 8 },
  ]);
});
