import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { packSlice, type SliceReport, sliceName, sliceNamed, unpackSlice } from './slice.ts';

const report: SliceReport = {
  format: 1,
  runId: 'run',
  scenario: 'relay',
  kind: 'load',
  slice: { index: 0, of: 2 },
  target: { name: 'embedded', url: 'http://127.0.0.1:4000' },
  startedAt: '2025-01-01T00:00:00.000Z',
  intervalMs: 1_000,
  definitions: { iterations: { type: 'counter', contains: 'default' } },
  intervals: [{ index: 0, series: { 'iterations{scenario:relay}': { t: 'counter', sum: 5 } } }],
  totals: { 'iterations{scenario:relay}': { t: 'counter', sum: 5 } },
  evidence: { 'acknowledged-writes': [{ id: 'a' }] },
  end: {
    status: 'complete',
    startLateMs: 1,
    durationMs: 1_000,
    started: 5,
    completed: 5,
    dropped: 0,
    interrupted: 0,
    errors: { ECONNRESET: 1 },
    errorsByOperation: { push: { ECONNRESET: 1 } },
    failures: [{ scenario: 'relay', operation: 'push', name: 'ECONNRESET', error: 'read ECONNRESET' }],
    cpuSeconds: 0.1,
  },
};

test('a report travels whole', () => {
  assert.deepEqual(unpackSlice(packSlice(report)), report);
});

test('what is no report of this version is refused', () => {
  assert.throws(
    () => unpackSlice(Buffer.from('abc')),
    /^Error: a slice report of 3 bytes cannot be read: incorrect header check$/,
  );
  assert.throws(
    () => unpackSlice(packSlice(report).subarray(0, 50)),
    /^Error: a slice report of 50 bytes cannot be read: /,
  );
  const sentence = 'a slice report has format 2; this version of Tandem reads format 1';
  assert.throws(() => unpackSlice(gzipSync(JSON.stringify({ ...report, format: 2 }))), new Error(sentence));
});

test('a slice is known by its name again, whatever its scenario is called', () => {
  const id = { scenario: 'a#1', index: 2 };
  assert.deepEqual(sliceNamed(sliceName(id)), id);
});
