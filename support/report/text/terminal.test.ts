// biome-ignore-all lint/suspicious/noControlCharactersInRegex: a terminal is driven by control characters
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { DrillResult } from '../../judge/results.ts';
import type { Verdict } from '../../judge/verdict.ts';
import { displayWidth } from '../../judge/words/text.ts';
import {
  exampleFailure,
  exampleVerdict,
  operationsOf,
  passedVerdict,
  reason,
  signal,
  undecidedThreshold,
} from '../verdict.fixture.ts';
import { paint } from './ansi.ts';
import { ending, heightOf } from './ending.ts';
import { renderVerdict } from './terminal.ts';

const report = 'reports/r1/index.html';
const render = (verdict: Verdict, columns = 80) =>
  renderVerdict(verdict, { columns, color: false, full: true, report });
/** Without the tables. */
const renderShort = (verdict: Verdict, columns = 80) =>
  renderVerdict(verdict, { columns, color: false, full: false, report });

/** The lines of one section, without its heading. */
function section(text: string, title: string): string {
  const [, after] = text.split(`\n${title} ─`);
  return after === undefined ? '' : after.split(/\n\S[^\n]* ─{3}/)[0]!;
}

test('last come the verdict, the reasons with what to do, and where the report is; with the tables as without', () => {
  for (const text of [render(exampleVerdict()), renderShort(exampleVerdict())]) {
    const lines = text.slice(text.indexOf('┏')).trimEnd().split('\n');
    assert.match(lines[1]!, /^┃ {2}FAIL {3}medium → embedded +2 m 05 s, 4\/4 slices ┃$/);
    assert.match(lines[2]!, /The target missed 1 of 5 thresholds and could not sustain the load\./);
    assert.match(lines[6]!, /^ ✗ p\(95\) of iteration_response_time\{scenario:sync-relay\} was 812 ms over 24,690$/);
    assert.match(lines[7]!, /^ {3}samples; required < 500 ms\.$/);
    assert.match(lines[8]!, /^ {3}→ Compare iteration_duration/);
    assert.equal(lines.at(-1), 'report  reports/r1/index.html');
  }
});

test('without the tables it says what was done, felt and failed', () => {
  const text = renderShort(exampleVerdict({ failures: [{ ...exampleFailure, count: 12 }] }), 100);
  assert.match(text, /^\n *Times from when work was due ─+ LOAD_SUMMARY=full prints all tables\n +done +rate +failed /);
  assert.match(text, /\n sync-relay +24,690 +198\/s +0 +14\.2 ms +812 ms +1\.42 s\n light +116 +0\.93\/s +1 +–/);
  const felt = /In the browser, p75 in load: (.+?)\n light, step/s.exec(text)?.[1]?.replace(/\s+/g, ' ');
  assert.equal(
    felt,
    'main content (LCP) 239 ms, in calm 119 ms · a change by others, until seen 203 ms · slowest step (power · import-csv) 1.05 s',
  );
  assert.match(text, /\n light, step “sign in”: 12 times\n +Error: .*\n +Locator: .*\n +Expected: visible\n/);
  assert.match(text, /\n +at journeys\/light\.journey\.ts:12 · screenshot light-session-3\.png\n/);
  assert.match(text, /\n Errors: 8 × HTTP 503 · 3 × ECONNRESET\n/);
});

/** Everything at once, and much of it. */
function crowded(): Verdict {
  const example = { document: 'd-7', devices: Array.from({ length: 200 }, (_, i) => `device-${i}`) };
  const seen = { checked: 706, violations: 706, summary: '706 acknowledged, 0 found by every reader', example };
  const broken = reason({ kind: 'oracle', severity: 'fail', oracle: 'acknowledged-writes', ...seen });
  const down = reason({
    ...{ kind: 'target-down', severity: 'fail', url: 'http://127.0.0.1/' },
    ...{ atMs: 1, forMs: 1, tries: 1, error: 'ECONNREFUSED' },
  });
  const cutOff = reason({ kind: 'cut-off', severity: 'warning', scenario: 'light', interrupted: 4 });
  const { metrics } = exampleVerdict();
  const scenarios = Array.from({ length: 30 }, (_, i) => [
    [`iterations{scenario:s${i}}`, metrics['iterations{scenario:sync-relay}']],
    [`iteration_response_time{scenario:s${i}}`, metrics['iteration_response_time{scenario:sync-relay}']],
  ]).flat();
  return exampleVerdict({
    reasons: [broken, ...Array.from({ length: 40 }, () => down)],
    warnings: Array.from({ length: 9 }, () => cutOff),
    failures: Array.from({ length: 9 }, () => exampleFailure),
    errors: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`HTTP ${500 + i}`, 9])),
    metrics: { ...metrics, ...Object.fromEntries(scenarios) },
    slo: 'profiles/slo/production.json',
  });
}

test('the end of a run fits a screen, whatever there is to say, and the first reason is there', () => {
  for (const columns of [60, 80, 100, 120, 300]) {
    const width = Math.max(60, Math.min(120, columns));
    for (const verdict of [
      crowded(),
      exampleVerdict(),
      passedVerdict(),
      exampleVerdict({ reasons: crowded().reasons }),
    ]) {
      const lines = renderShort(verdict, columns).trimEnd().split('\n');
      const shown = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / width)), 0);
      assert.ok(shown <= 30, `${shown} at ${columns}:\n${lines.join('\n')}`);
      assert.equal(lines.at(-1), 'report  reports/r1/index.html');
    }
    const text = renderShort(crowded(), columns).replace(/\s+/g, ' ');
    assert.match(
      text,
      /✗ acknowledged-writes: 706 acknowledged, 0 found by every reader \(706 violations; required 0\)\./,
    );
    assert.match(text, /… and \d+ more reasons in the report/);
    assert.match(text, /… and (9 warnings|\d more warnings) in the report/);
  }
});

test('a sentence that is cut off for want of room says so, within the width', () => {
  const values = Array.from({ length: 5 }, (_, i) => `GET /orders/${'0'.repeat(40)}${i}`);
  const folded = reason({
    kind: 'tag-folded',
    severity: 'warning',
    tag: 'op',
    metrics: ['checks'],
    values,
    allowed: 100,
  });
  const { reasons } = crowded();
  const cut = [80, 100, 120].filter((columns) => {
    const text = renderShort(exampleVerdict({ reasons: reasons.slice(0, 3), warnings: [folded] }), columns);
    const lines = text.trimEnd().split('\n');
    assert.ok(
      lines.slice(0, -1).every((line) => line.startsWith('   first: ') || displayWidth(line) <= columns),
      text,
    );
    const last = lines.at(-3)!;
    assert.ok(/(into it\.|…|… and 1 warning in the report)$/.test(last), text);
    return last.endsWith('…');
  });
  assert.notEqual(cut.length, 0, 'there was room for all of it');
});

test('a reason that is cut off behind its example takes no line more than there is room for', () => {
  const { reasons, ...verdict } = crowded();
  for (const width of [60, 80, 100]) {
    const page = { verdict: { ...verdict, reasons: reasons.slice(0, 1), warnings: [] }, width, p: paint(false) };
    for (let room = 13; room < 25; room++) {
      const lines = ending(page, 'report.html', room);
      assert.ok(heightOf(lines, page) <= room, `${width} wide, room for ${room}:\n${lines.join('\n')}`);
    }
  }
});

test('an example is whole, on a line of its own; what is to be done next stands once', () => {
  const found = (name: string, example: unknown) =>
    reason({ kind: 'oracle', severity: 'fail', oracle: name, checked: 9, violations: 1, example });
  const long = { id: 'a'.repeat(270) };
  const text = renderShort(exampleVerdict({ reasons: [found('one', long), found('two', { id: 'b' })] }), 100);
  assert.ok(text.includes(`\n   first: ${JSON.stringify(long)}\n`), text);
  assert.ok(text.includes('\n   first: {"id":"b"}\n'), text);
  assert.equal(text.match(/→ The target promised/g)?.length, 1);
});

test('what a run was asked stands in a line each', () => {
  const held = { phase: 'base', load: 1, perSecond: 20, state: 'held' } as const;
  const verdict = exampleVerdict({
    capacity: { steps: [held], held, isOpen: true },
    recovery: {
      ...{ after: 'spike', withinMs: 60_000, stayMs: 30_000, recoveredMs: null, watchedMs: 90_000 },
      ...{ ok: false, decided: true },
    },
  });
  const text = renderShort(verdict);
  assert.match(
    text,
    /\n Capacity: at least ×1 \(20\/s\)\n Recovery after spike: not in 1 m 30 s \(allowed 1 m 00 s\)\n/,
  );
});

test('of more drills than there is room for the first are told, and how many more there are', () => {
  const drill = (name: string): DrillResult => ({
    ...{ name, startMs: 0, endMs: 0, isCarriedOut: true, detectedMs: null, outageMs: [0, 0], recoveredMs: [0, 0] },
    ...{
      stayMs: 5_000,
      watchedMs: 9_000,
      requests: { failed: 0, of: 9 },
      connectionsPerSecond: null,
      backlogMs: 0,
      expect: {},
    },
    ...{ ok: true, decided: true },
  });
  const drills = Array.from({ length: 30 }, (_, i) => drill(`d${i}`));
  const lines = renderShort(exampleVerdict({ ...passedVerdict(), drills }))
    .trimEnd()
    .split('\n');
  const told = lines.filter((line) => /^ Drill d/.test(line));
  assert.equal(told[0], ' Drill d0: outage of 0 ms, recovered: 0 ms');
  assert.ok(told.length > 5 && told.length < 30, String(told.length));
  assert.ok(lines.includes(` … and ${30 - told.length} more in the report`), lines.join('\n'));
  assert.ok(lines.length <= 30, String(lines.length));
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

test('of many operations the slowest are told, and how many there are', () => {
  const told = (number: number) =>
    section(render(exampleVerdict({ metrics: operationsOf(number) })), 'Protocol operations');
  assert.match(told(51), /GET \/51 .*\n.*GET \/50 [\s\S]*GET \/2 .*\n +the 50 slowest of 51 operations by p95/);
  assert.doesNotMatch(told(51), /GET \/1 /);
  assert.match(told(50), /GET \/1 .*\n.*GET \/2 [\s\S]*GET \/50 /);
  assert.doesNotMatch(told(50), /slowest/);
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

test('what failed is whole, with its call log and its picture; without the tables it is the first, but for the call log', () => {
  const failures = Array.from({ length: 5 }, (_, i) => ({ ...exampleFailure, scenario: `s${i}` }));
  const text = section(render(exampleVerdict({ failures })), 'What failed');
  assert.match(text, / s0, step “sign in”: 12 times\n +Error: expect\(locator\)\.toBeVisible\(\) failed\n\s+Locator: /);
  assert.match(text, /\n +Call log:\n +- Expect "toBeVisible" with timeout 5000ms\n +- waiting for /);
  assert.match(text, /\n +at journeys\/light\.journey\.ts:12 · screenshot light-session-3\.png\n/);
  assert.match(text, / s4, step “sign in”/);
  const short = renderShort(exampleVerdict({ failures }));
  assert.match(short, / s0, step “sign in”: 12 times, … and 4 more in the report\n/);
  assert.doesNotMatch(short, /Call log|s1/);
});

test('oracles, errors by frequency, and the health of the generator', () => {
  const names = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`E${i}`, i + 1]));
  const text = render(exampleVerdict({ errors: names }));
  assert.match(
    section(text, 'Oracles'),
    /✓ +acknowledged-writes +51,840 +0\n +What the relay accepted can be read by the other devices\.\n +50 participants, 3 duplicates, 1 of others\n +✓ +convergence/,
  );
  assert.match(section(text, 'Errors'), /14 {2}E13\n +13 {2}E12/);
  assert.match(section(text, 'Errors'), /… and 4 more in the report/);
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
  assert.match(rows[2]!, /^ ✗ +machine CPU · the machine +99 % +≤ 95 % +120$/);
  assert.match(rows[3]!, /^ ✗ +control page · the machine +310 ms \(calm 23\.9 ms\) +≤ 75 ms +120$/);
  assert.match(rows[4]!, /^ ✗ +EMFILE · the machine +3 +≤ 0 +120$/);
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
    const text = renderVerdict(verdict, { columns, color: true, full: true });
    for (const line of text.split('\n'))
      assert.ok(displayWidth(line) <= columns || /^ {3}first: /.test(line), `${columns}: ${line}`);
    assert.doesNotMatch(text.replace(/\x1b\[\d+m/g, ''), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  }
});

test('colour only adds colour', () => {
  const colored = renderVerdict(exampleVerdict(), { columns: 80, color: true, full: true, report });
  assert.notEqual(colored, render(exampleVerdict()));
  const bare = stripVTControlCharacters(colored)
    .split('\n')
    .map((line) => line.trimEnd());
  assert.deepEqual(bare, render(exampleVerdict()).split('\n'));
});
