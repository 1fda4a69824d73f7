import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriesKey } from '../../measure/metrics.ts';
import {
  exampleFailure,
  exampleVerdict,
  operationsOf,
  passedVerdict,
  reason,
  signal,
  undecidedThreshold,
} from '../verdict.fixture.ts';
import { code, literal, literalInTags, summaryMarkdown } from './summary.ts';

test('verdict first, then the reasons with what to look at', () => {
  const lines = summaryMarkdown(exampleVerdict()).split('\n');
  assert.equal(lines[0], '## ❌ FAIL: medium → embedded');
  assert.equal(lines[2], '**The target missed 1 of 5 thresholds and could not sustain the load.**');
  assert.match(
    lines[6]!,
    /^- ❌ p\(95\) of iteration_response_time\{scenario:sync-relay\} was 812 ms over 24,690 samples; required \\< 500 ms\.<br>→ Compare/,
  );
  assert.doesNotMatch(lines[4]!, /judged by/);
  const [, , , , facts] = summaryMarkdown(exampleVerdict({ slo: 'profiles/slo/production.json' })).split('\n');
  assert.match(facts!, / · judged by `profiles\/slo\/production\.json`$/);
  assert.match(summaryMarkdown(passedVerdict()), /^## ✅ PASS: /);
  assert.match(summaryMarkdown(exampleVerdict({ status: 'invalid' })), /^## ❓ INVALID: /);
});

test('of many operations the slowest are told, and how many there are', () => {
  const text = summaryMarkdown(exampleVerdict({ metrics: operationsOf(1_000) }));
  assert.match(text, /GET \/1000 \|.*\n.*GET \/999 \|/);
  assert.doesNotMatch(text, /GET \/950 /);
  assert.match(text, /attack: the 50 slowest of 1,000 operations by p95; the report’s page has all/);
});

test('the tables', () => {
  const text = summaryMarkdown(exampleVerdict());
  const rows = [
    '| ❌ | `iteration_response_time{scenario:sync-relay}` | `p(95)` | **812 ms** | \\< 500 ms | 24,690 |',
    '| ✅ | acknowledged-writes | What the relay accepted can be read by the other devices. | 51,840 | 0 | 50 participants, 3 duplicates, 1 of others |',
    '| ✅ | convergence |  | 128 | 0 |  |',
    '| ✅ | event-loop delay | sync-relay | 4.10 ms | ≤ 100 ms | 120 |',
    '| ✅ | machine CPU | the machine | 72 % | ≤ 95 % | 120 |',
    '| ✅ | control page | the machine | 31.0 ms (calm 23.9 ms) | ≤ 75 ms | 120 |',
    '| Steps | light · sign-in | 167 ms | 282 ms | **×1.69** | 201 ms | 488 ms | 12/104 |',
    '|  | power · import-csv | – | 1.05 s | – | – | 1.49 s | –/9 |',
    '| sync-relay | response time, from due | 24,690 | 198/s | 14.2 ms | 812 ms | 1.42 s | 2.21 s |',
    '| 8 | `HTTP 503` |',
  ];
  for (const row of rows) assert.ok(text.includes(`\n${row}\n`), row);
  assert.match(text, /<details><summary><b>Health<\/b><\/summary>\n\n\|/);
});

test('health is folded away until something is saturated, and that comes first', () => {
  const { health } = exampleVerdict();
  const signals = [signal('steal', 0, 0.1, 'ratio'), signal('gc-pause', 140, 100, 'ms', 'sync-relay')];
  const text = summaryMarkdown(exampleVerdict({ health: { ...health, signals } }));
  assert.match(text, /\n### Health\n/);
  assert.match(text, /\n\| ❌ \| GC pauses \| sync-relay \| \*\*140 ms\*\* \| ≤ 100 ms \| 120 \|\n\| ✅ \| steal \|/);
});

test('literal text makes no markup, link, mention, border or mathematics', () => {
  const cases: [string, string][] = [
    ['a | b', 'a \\| b'],
    ['`rm` *x* _y_ ~z~', '\\`rm\\` \\*x\\* \\_y\\_ \\~z\\~'],
    ['http_req_duration', 'http_req_duration'],
    ['<img src=x onerror=1>', '\\<img src=x onerror=1>'],
    ['&lt;', '\\&lt;'],
    ['[x](javascript:1)', '\\[x\\](javascript:1)'],
    ['\\|', '\\\\\\|'],
    ['@octocat fixes #12', '@\u200boctocat fixes #\u200b12'],
    ['see https://evil.example www.evil.example', 'see https:\u200b//evil.example www\u200b.evil.example'],
    ['closes GH-12', 'closes GH-\u200b12'],
    ['$x$', '<span>$</span>x<span>$</span>'],
    ['two\nlines\x1b[2J', 'two lines\\\\x1b\\[2J'],
  ];
  for (const [text, expected] of cases) assert.equal(literal(text), expected);
});

test('between tags that begin a line no backslash is seen, and no tag comes of a text', () => {
  const cases: [string, string][] = [
    ['</details> a | b', '&#60;/details&#62; a | b'],
    ['`x` *y* [z] R&D', '&#96;x&#96; *y* [z] R&#38;D'],
    ['@octocat #12 $x$', '@\u200boctocat #\u200b12 &#36;x&#36;'],
  ];
  for (const [text, expected] of cases) assert.equal(literalInTags(text), expected);
  const failures = [{ ...exampleFailure, step: 'press </details> & *go*' }];
  assert.match(
    summaryMarkdown(exampleVerdict({ failures })),
    /\n<details><summary>light, step “press &#60;\/details&#62; &#38; \*go\*”: 12 times<\/summary>\n/,
  );
});

test('code stays code whatever is in it', () => {
  assert.equal(code('@octocat <b>'), '`@octocat <b>`');
  assert.equal(code('a`b'), '<code>a\\`b</code>');
  assert.equal(code('a|b\n'), '<code>a\\|b</code>');
  assert.equal(code(''), '<code></code>');
});

test('an undecided threshold says what casts doubt on it', () => {
  for (const ok of [true, false]) {
    const text = summaryMarkdown(exampleVerdict({ thresholds: [undecidedThreshold(ok)] }));
    assert.match(
      text,
      /\n\| ❓ \| <code>http_req_duration\{op:GET \/a\\\|b\}<\/code> \| `p\(95\)` \| \*\*[46]00 ms\*\* \|/,
    );
    assert.match(
      text,
      /\n- <code>http_req_duration\{op:GET \/a\\\|b\}: p\(95\)\\<500<\/code> Undecided: machine CPU 99 % \(allowed 95 %\) may be the cause\.\n/,
    );
  }
});

test('what failed stands in full in a block of code, folded', () => {
  const text = summaryMarkdown(exampleVerdict({ failures: [exampleFailure] }));
  assert.match(
    text,
    /\n### What failed\n\n<details><summary>light, step “sign in”: 12 times<\/summary>\n\nat `journeys\/light\.journey\.ts:12` · screenshot `light-session-3\.png`\n\n```text\nError: expect/,
  );
  assert.match(
    text,
    /\nReceived: <element\(s\) not found>\n\nCall log:\n {2}- Expect "toBeVisible"[^\n]*\n[^\n]*\n```\n\n<\/details>\n/,
  );
  assert.doesNotMatch(summaryMarkdown(exampleVerdict()), /What failed/);

  const hostile = 'one\n```\n</details> @octocat <img src=x>\n````\n\x1b[2J| a |\n';
  const failure = { ...exampleFailure, scenario: hostile, step: hostile, error: hostile };
  const block = summaryMarkdown(exampleVerdict({ failures: [failure] })).split('### What failed')[1]!;
  const [, fence, code, after] = /\n(`{5,})text\n([\s\S]*?)\n\1\n([\s\S]*)/.exec(block)!;
  assert.equal(code, 'one\n```\n</details> @octocat <img src=x>\n````\n\\x1b[2J| a |');
  assert.equal(fence, '`````');
  assert.match(after!, /^\n<\/details>\n/);
  const [summary] = block.split('</summary>');
  assert.doesNotMatch(summary!, /(?<!\\)<(?!details|summary)|(?<!\\)`/);

  const many = Array.from({ length: 9 }, () => ({ ...exampleFailure, error: 'x'.repeat(4_000) }));
  const all = summaryMarkdown(exampleVerdict({ failures: many }));
  assert.match(all, /… and 3 more in the report\./);
  assert.doesNotMatch(all, /did not fit/);
});

test('hostile content adds no row and no column', () => {
  const hostile = 'x` | y\n| z </details> @octocat';
  const { thresholds, health, metrics } = exampleVerdict();
  const trend = metrics['iteration_duration{scenario:sync-relay}']!;
  const verdict = exampleVerdict({
    thresholds: [{ ...thresholds[0]!, metric: hostile }],
    errors: { [hostile]: 1 },
    oracles: [{ name: hostile, promise: hostile, checked: 1, violations: 0, examples: [], status: 'ok' }],
    health: {
      ...health,
      scenarios: [{ ...health.scenarios[0]!, scenario: hostile }],
      signals: [signal('gc-pause', 140, 100, 'ms', hostile)],
    },
    metrics: {
      [seriesKey('iteration_duration', { scenario: `load ${hostile}` })]: trend,
      [seriesKey('browser_step_duration', { journey: hostile, step: hostile, phase: 'load' })]: trend,
    },
  });
  const text = summaryMarkdown(verdict);
  const borders = (line: string) => line.replace(/\\./g, '').split('|').length - 2;
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  const hit = rows.filter((line) => line.includes('octocat'));
  assert.deepEqual(hit.map(borders), [6, 6, 8, 8, 2, 6, 6]);
  assert.doesNotMatch(text, /(?<!\\)<\/details> @/);
  assert.doesNotMatch(text.replace(/`[^`]*`/g, ''), /@octocat/);
});

test('letters under any number of marks leave room for the rest', () => {
  const message = `stacked a${'\u0301'.repeat(100_000)}`;
  const found = { ...reason({ kind: 'nothing-measured', severity: 'invalid' }), message };
  const text = summaryMarkdown(exampleVerdict({ reasons: [found], errors: { [message]: 1 }, runId: message }));
  assert.match(text, /stacked/);
  assert.doesNotMatch(text, /did not fit/);
});

test('it fits a comment, however much there is, and says what is missing', () => {
  const { thresholds, metrics } = exampleVerdict();
  const long = 'm'.repeat(400);
  const step = metrics['browser_step_duration{journey:light,phase:load,step:sync}']!;
  const verdict = exampleVerdict({
    reasons: Array.from({ length: 500 }, (_, i) =>
      reason({ kind: 'crashed', severity: 'invalid', scenario: 's', slice: i, error: long }),
    ),
    thresholds: Array.from({ length: 500 }, () => ({ ...thresholds[0]!, metric: long })),
    metrics: Object.fromEntries(
      Array.from({ length: 900 }, (_, i) => [`browser_step_duration{journey:j,step:${i}${long},window:load}`, step]),
    ),
  });
  const text = summaryMarkdown(verdict);
  assert.ok(text.length <= 60_000, `${text.length}`);
  assert.match(text, /and 480 more in the report/);
  assert.match(text, /and 420 more rows in the report/);
  assert.match(text, /More did not fit here: see the report\.\n$/);
  assert.equal(text.match(/<details>/g)?.length, text.match(/<\/details>/g)?.length);
  assert.doesNotMatch(summaryMarkdown(exampleVerdict()), /did not fit/);
});
