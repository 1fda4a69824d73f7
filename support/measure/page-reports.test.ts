import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PageReports } from './page-reports.ts';

const flood = 'page calls our bindings in a flood, ignored';
const strange = 'page calls our bindings with what is none of ours, ignored';

function bed() {
  const errors: string[] = [];
  const heard: unknown[] = [];
  const hear = (report: unknown) => void heard.push(report);
  return { reports: new PageReports((error) => errors.push(error)), errors, heard, hear };
}

const vital = { document: 'a', metric: 'browser_web_vital_lcp', value: 12.5, ageMs: 20 };

test('what our scripts report is heard as it is', () => {
  const { reports, errors, heard, hear } = bed();
  const mark = { id: 'one', pushedAt: 1_700_000_000_000, paintedAt: 1_700_000_000_050 };
  // Before it was sent: the clocks differ, which is for the journey to say.
  const early = { ...mark, paintedAt: 1_699_999_999_000 };
  reports.vital(vital, hear);
  reports.events([1, 2.5], hear);
  reports.mark(mark, hear);
  reports.mark(early, hear);
  const unavailable = { status: 503, url: 'http://a.test/shop' };
  reports.errorPage(unavailable, hear);
  assert.deepEqual(heard, [vital, [1, 2.5], mark, early, unavailable]);
  assert.deepEqual(errors, []);
});

test('unknown names and wrong types are ignored, with one error', () => {
  const { reports, errors, heard, hear } = bed();
  const no = [undefined, null, 1, 'text', [], {}];
  const vitals = [
    { ...vital, metric: 'iterations' },
    { ...vital, metric: '__proto__' },
    { ...vital, metric: 'browser_sessions' },
    { ...vital, value: Number.NaN },
    { ...vital, value: Number.POSITIVE_INFINITY },
    { ...vital, value: 1e300 },
    { ...vital, value: '1' },
    { ...vital, ageMs: undefined },
    { ...vital, ageMs: 1e300 },
    { ...vital, document: {} },
    { ...vital, document: 'x'.repeat(101) },
  ];
  for (const report of [...no, ...vitals]) reports.vital(report, hear);
  for (const times of [...no.filter((one) => !Array.isArray(one)), ['1'], [null], [1e300]]) reports.events(times, hear);
  for (const mark of [...no, { id: 1, pushedAt: 1, paintedAt: 2 }, { id: 'a', pushedAt: 0, paintedAt: 1e300 }])
    reports.mark(mark, hear);
  for (const page of [...no, { status: 200, url: '/' }, { status: 500.5, url: '/' }, { status: 503, url: 1 }])
    reports.errorPage(page, hear);
  assert.deepEqual(heard, []);
  assert.deepEqual(errors, [strange]);
});

test('a flood is ignored beyond a bound, with one error: of calls, of documents, of events', () => {
  const calls = bed();
  for (let n = 0; n < 10_100; n++) calls.reports.vital(vital, calls.hear);
  calls.reports.events([1], calls.hear);
  assert.equal(calls.heard.length, 10_000);
  assert.deepEqual(calls.errors, [flood]);

  const documents = bed();
  for (let n = 0; n < 1_100; n++) documents.reports.vital({ ...vital, document: `${n}` }, documents.hear);
  documents.reports.vital({ ...vital, document: '7' }, documents.hear);
  assert.equal(documents.heard.length, 1_001);
  assert.deepEqual(documents.errors, [flood]);

  const typed = bed();
  for (let n = 0; n < 1_100; n++) typed.reports.typed(`secret ${n}`, typed.hear);
  for (const text of ['secret 7', 'x'.repeat(10_001)]) typed.reports.typed(text, typed.hear);
  assert.equal(typed.heard.length, 1_000);
  assert.deepEqual(typed.errors, [flood]);
  typed.reports.typed({}, typed.hear);
  assert.deepEqual(typed.errors, [flood, strange]);
  for (let n = 0; n < 10_100; n++) calls.reports.vital(vital, calls.hear);
  calls.reports.typed('typed after a flood', calls.hear);
  assert.equal(calls.heard.at(-1), 'typed after a flood');

  const events = bed();
  events.reports.events(Array(10_001).fill(1), events.hear);
  assert.deepEqual([events.heard, events.errors], [[], [flood]]);
});
