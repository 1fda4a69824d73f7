// biome-ignore-all lint/suspicious/noControlCharactersInRegex: a terminal is driven by control characters
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Verdict } from '../../judge/verdict.ts';
import { displayWidth } from '../../judge/words/text.ts';
import {
  exampleFailure,
  exampleVerdict,
  passedVerdict,
  reason,
  signal,
  undecidedThreshold,
} from '../verdict.fixture.ts';
import { renderVerdict } from './terminal.ts';

const paths = { html: 'reports/r1/index.html', summary: 'reports/r1/summary.md', dir: 'reports/r1' };
const render = (verdict: Verdict, columns = 80) => renderVerdict(verdict, { columns, color: false, paths });

/** The lines of one section, without its heading. */
function section(text: string, title: string): string {
  const [, after] = text.split(`\n${title} ─`);
  return after === undefined ? '' : after.split(/\n\S[^\n]* ─{3}/)[0]!;
}

test('the verdict comes first, then the reasons with what to do, last where the files are', () => {
  const lines = render(exampleVerdict()).trimEnd().split('\n');
  assert.match(lines[2]!, /^┃ {2}FAIL {3}medium → embedded +2 m 05 s, 4\/4 slices ┃$/);
  assert.match(lines[3]!, /The target missed 1 of 5 thresholds and could not sustain the load\./);
  assert.match(lines[7]!, /^ ✗ p\(95\) of iteration_response_time\{scenario:sync-relay\} was 812 ms over 24,690$/);
  assert.match(lines[8]!, /^ {3}samples; required < 500 ms\.$/);
  assert.match(lines[9]!, /^ {3}→ Compare iteration_duration/);
  assert.equal(lines.at(-1), 'all files reports/r1');
});

test('pass and invalid have their own banner; a warning does not look like a reason to fail', () => {
  assert.match(render(passedVerdict()), / PASS .*\n.*All 5 thresholds held over 24,794 iterations/);
  const late = reason({ kind: 'lateness', severity: 'invalid', scenario: 's', p99Ms: 9, allowedMs: 5, count: 1 });
  const text = render(exampleVerdict({ status: 'invalid', reasons: [late], slices: { expected: 4, received: 3 } }));
  assert.match(text, / INVALID .*3\/4 slices/);
  assert.match(text, /^ \? The generator was late/m);
  const warning = { ...late, severity: 'warning' } as unknown as typeof late;
  assert.match(render({ ...passedVerdict(), warnings: [warning] }), /^ ! The generator was late/m);
});

test('times in the browser: calm beside load, a missing half as a dash', () => {
  const times = section(render(exampleVerdict()), 'Times in the browser');
  assert.match(times, /calm p75 +load p75 +load\/calm +calm p95 +load p95/);
  assert.match(times, /light · sync +71\.2 ms +217 ms +×3\.05 +88\.0 ms +402 ms/);
  assert.match(times, /power · import-csv +– +1\.05 s +– +– +1\.49 s/);
  assert.match(times, /CLS, layout jumps +0\.001 +0\.005/);
  assert.match(times, /light: 116 sessions, 1 failed/);
});

test('a wide terminal also gets bars and sample counts', () => {
  const times = section(render(exampleVerdict(), 140), 'Times in the browser');
  assert.match(times, /LCP, main content shown .* ×2\.00 +█{11}░{11} .* 24\/208/);
  assert.doesNotMatch(times, /import-csv.*[█░]/);
});

test('operations show the response time beside the duration, and what waiting hid', () => {
  const text = section(render(exampleVerdict()), 'Protocol operations');
  assert.match(text, /response time, from due +24,690 +198\/s +14\.2 ms +812 ms +1\.42 s +2\.21 s/);
  assert.match(text, /duration, from start +24,690 +198\/s +11\.9 ms +96\.4 ms +141 ms +655 ms/);
  assert.match(
    text.replace(/\s+/g, ' '),
    /p99 is 1\.42 s from when work was due; a clock that starts at the send says 141 ms\./,
  );
  assert.match(text, /sync push +17,283/);
  assert.match(text.replace(/\s+/g, ' '), /changes rejected: 17 · data received: 182 MB/);
  assert.doesNotMatch(section(render(passedVerdict()), 'Protocol operations'), /from when work was due/);
});

test('thresholds: held, crossed, without data', () => {
  const empty = {
    metric: 'ws_session',
    expression: 'p(95)<5',
    observed: null,
    limit: null,
    unit: 'ms',
    count: 0,
    ok: false,
    decided: false,
  } as const;
  const { thresholds } = exampleVerdict();
  const text = section(render(exampleVerdict({ thresholds: [...thresholds, empty] }), 140), 'Thresholds');
  assert.match(text, /✗ +iteration_response_time\{scenario:sync-relay\} +p\(95\) +812 ms +< 500 ms +24,690/);
  assert.match(text, /✓ +http_req_failed\{scenario:sync-relay\} +rate +0\.03 % +< 5 %/);
  assert.match(text, /✓ +browser_web_vital_lcp\{phase:load\} +p\(75\) +239 ms +< 298 ms = 2\.5 × calm/);
  assert.match(text, /– +ws_session +p\(95\) +– +p\(95\)<5 +0/);
});

test('an undecided threshold, on either side of its limit, says what casts doubt on it', () => {
  for (const ok of [true, false]) {
    const text = section(render(exampleVerdict({ thresholds: [undecidedThreshold(ok)] })), 'Thresholds');
    assert.match(text, /\? +http_req_duration\{op:GET \/a\|b\} +p\(95\) +[46]00 ms +< 500 ms +20\n/);
    assert.match(text, /\n +Undecided: machine CPU 99 % \(allowed 95 %\) may be the cause\.\n/);
  }
  assert.doesNotMatch(render(exampleVerdict()), /Undecided/);
});

test('what failed, in its own words but for the call log, and no more than a few of it', () => {
  const failures = Array.from({ length: 5 }, (_, i) => ({ ...exampleFailure, scenario: `s${i}` }));
  const text = section(render(exampleVerdict({ failures })), 'What failed');
  assert.match(text, / s0, step “sign in”: 12 times\n +Error: expect\(locator\)\.toBeVisible\(\) failed\n +Locator: /);
  assert.match(
    text,
    /\n +Expected: visible\n +Received: <element\(s\) not found>\n +at journeys\/light\.journey\.ts:12\n/,
  );
  assert.doesNotMatch(text, /Call log|waiting for/);
  assert.match(text, /… and 2 more, in verdict\.json/);
  assert.doesNotMatch(text, /s3/);
});

test('oracles, errors by frequency, and the health of the generator', () => {
  const names = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`E${i}`, i + 1]));
  const text = render(exampleVerdict({ errors: names }));
  assert.match(
    section(text, 'Oracles'),
    /✓ +acknowledged-writes +51,840 +0\n +What the relay accepted can be read by the other devices\.\n +50 participants, 3 duplicates, 1 of others\n +✓ +convergence/,
  );
  assert.match(section(text, 'Errors'), /14 {2}E13\n +13 {2}E12/);
  assert.match(section(text, 'Errors'), /… and 4 more names, in verdict\.json/);
  assert.match(section(text, 'Health'), /target at most: CPU 98 %, memory 201 MB/);
  assert.match(section(text, 'Health'), /sync-relay +0\.84 ms +12\.1 ms +310 +2 +3\.10 ms/);
});

test('by whose objectives was judged stands under where and when', () => {
  const judged = render(exampleVerdict({ slo: 'profiles/slo/production.json' }));
  assert.match(judged, /run 2025\S+ +┃\n┃ judged by profiles\/slo\/production\.json +┃\n/);
  assert.doesNotMatch(render(exampleVerdict()), /judged by/);
});

test('healthy signals are one line; those that are saturated stand out above all else of the health', () => {
  const calm = section(render(exampleVerdict()), 'Health');
  assert.doesNotMatch(calm, /saturated|event-loop/);
  assert.match(
    calm.replace(/\s+/g, ' '),
    /8 health signals within limits · machine CPU 72 % · steal 0\.2 % · control page 31\.0 ms \(calm 23\.9 ms\)/,
  );
  const { health } = exampleVerdict();
  const busy = {
    ...health,
    signals: [
      signal('event-loop-delay', 250, 100, 'ms', 'sync-relay'),
      signal('machine-cpu', 0.99, 0.95, 'ratio'),
      signal('control-page', 310, 75, 'ms'),
      { ...signal('exhausted', 3, 0, 'count'), detail: 'EMFILE' },
      signal('steal', 0, 0.1, 'ratio'),
    ],
  };
  const text = section(render(exampleVerdict({ health: busy })), 'Health');
  const rows = text.split('\n').slice(1);
  assert.match(rows[0]!, /^ +saturated +observed +allowed +readings$/);
  assert.match(rows[1]!, /^ ✗ +event-loop delay · sync-relay +250 ms +≤ 100 ms +120$/);
  assert.match(rows[2]!, /^ ✗ +machine CPU +99 % +≤ 95 % +120$/);
  assert.match(rows[3]!, /^ ✗ +control page +310 ms \(calm 23\.9 ms\) +≤ 75 ms +120$/);
  assert.match(rows[4]!, /^ ✗ +EMFILE +3 +≤ 0 +120$/);
  assert.match(text, /1 of 5 health signals within limits · steal 0 %/);
});

test('what was not measured has no section', () => {
  const bare = exampleVerdict({ metrics: {}, thresholds: [], oracles: [], errors: {}, reasons: [] });
  const text = render(bare);
  for (const title of ['What the person', 'Protocol', 'Thresholds', 'Oracles', 'Errors', 'What failed'])
    assert.ok(!text.includes(`${title} `) && !text.includes(`${title}─`), title);
});

test('no line is wider than the terminal, and nothing of the target reaches it unescaped', () => {
  const hostile = `\x1b]0;owned\x07\x1b[2J\u202e同期\n${'x'.repeat(300)}`;
  const trend = exampleVerdict().metrics['iteration_duration{scenario:sync-relay}']!;
  const verdict = exampleVerdict({
    profile: hostile,
    target: { name: hostile, url: hostile },
    runId: hostile,
    seed: hostile,
    reasons: [
      reason({ kind: 'oracle', severity: 'fail', oracle: hostile, checked: 1, violations: 1, example: hostile }),
    ],
    thresholds: exampleVerdict().thresholds.map((t) => ({ ...t, metric: hostile })),
    oracles: [{ name: hostile, checked: 1, violations: 1, examples: [], status: 'violated', counts: { [hostile]: 1 } }],
    errors: { [hostile]: 3 },
    failures: [{ scenario: hostile, operation: hostile, name: hostile, error: hostile, at: hostile, count: 1 }],
    health: {
      ...exampleVerdict().health,
      signals: [
        signal('gc-pause', 900, 100, 'ms', hostile),
        { ...signal('exhausted', 1, 0, 'count'), detail: hostile },
      ],
    },
    metrics: {
      [`x_duration{scenario:${hostile}}`]: trend,
      [`browser_step_duration{journey:j,step:${hostile},window:load}`]: trend,
    },
  });
  for (const columns of [60, 80, 120, 200]) {
    const text = renderVerdict(verdict, { columns, color: true, paths: { ...paths, html: undefined } });
    for (const line of text.split('\n')) assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
    assert.doesNotMatch(text.replace(/\x1b\[\d+m/g, ''), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  }
});

test('colour only adds colour', () => {
  const colored = renderVerdict(exampleVerdict(), { columns: 80, color: true, paths });
  assert.notEqual(colored, render(exampleVerdict()));
  const bare = stripVTControlCharacters(colored)
    .split('\n')
    .map((line) => line.trimEnd());
  assert.deepEqual(bare, render(exampleVerdict()).split('\n'));
});
