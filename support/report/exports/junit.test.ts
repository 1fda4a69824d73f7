import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../judge/verdict.ts';
import { exampleVerdict, passedVerdict, reason, undecidedThreshold } from '../verdict.fixture.ts';
import { junitXml } from './junit.ts';

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const ENTITY = /&(?:lt|gt|amp|quot|apos|#(\d+));/g;
/** What XML 1.0 allows. */
const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

function unescaped(text: string): string {
  assert.doesNotMatch(text.replace(ENTITY, ''), /[<&]/, 'an open < or &');
  return text.replace(ENTITY, (_, code) => String.fromCharCode(Number(code)));
}

/** Reads the part of XML that such a file is made of; throws at anything that is not well-formed. */
function parse(xml: string): Element {
  assert.match(xml, CHARACTERS);
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  const tokens = /<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<]+)|</g;
  for (const [all, end, name, attributes, empty, text] of body.matchAll(tokens)) {
    const top = open.at(-1)!;
    if (text !== undefined) top.text += unescaped(text);
    else if (end) assert.equal(open.pop()!.name, name);
    else {
      assert.ok(name, `at ${all}`);
      const pairs = [...attributes!.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, unescaped(value!)]);
      const element = { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
      top.children.push(element);
      if (!empty) open.push(element);
    }
  }
  assert.equal(open.length, 1);
  assert.equal(root.children.length, 1);
  return root.children[0]!;
}

/** Of junit-10.xsd, which Jenkins checks against: what an element must have, what it may have, what may be in it. */
const SCHEMA: Record<string, { must: string[]; may: string[]; holds: string[] }> = {
  testsuites: { must: [], may: ['name', 'time', 'tests', 'failures', 'errors'], holds: ['testsuite'] },
  testsuite: {
    must: ['name', 'tests', 'failures', 'errors'],
    may: ['time', 'skipped', 'timestamp', 'hostname', 'id', 'package'],
    holds: ['properties', 'testcase', 'system-out'],
  },
  properties: { must: [], may: [], holds: ['property'] },
  property: { must: ['name', 'value'], may: [], holds: [] },
  testcase: { must: ['name'], may: ['time', 'classname'], holds: ['error', 'failure'] },
  error: { must: [], may: ['message', 'type'], holds: [] },
  failure: { must: [], may: ['message', 'type'], holds: [] },
  'system-out': { must: [], may: [], holds: [] },
};

function validate({ name, attributes, children }: Element): void {
  const { must, may, holds } = SCHEMA[name]!;
  for (const key of must) assert.ok(key in attributes, `${name} has no ${key}`);
  for (const key of Object.keys(attributes)) assert.ok([...must, ...may].includes(key), `${name} has ${key}`);
  if (attributes.time !== undefined) assert.match(attributes.time, /^\d+(\.\d+)?$/);
  for (const child of children) {
    assert.ok(holds.includes(child.name), `${child.name} in ${name}`);
    validate(child);
  }
}

/** The file, checked; its suites by name, and of each case how it ended. */
function read(verdict: Verdict) {
  const root = parse(junitXml(verdict));
  validate(root);
  const counted = (suites: Element[], key: string) => suites.reduce((sum, s) => sum + Number(s.attributes[key]), 0);
  const suites = root.children;
  for (const key of ['tests', 'failures', 'errors']) assert.equal(Number(root.attributes[key]), counted(suites, key));
  const cases = suites.flatMap((suite) => {
    const own = suite.children.filter(({ name }) => name === 'testcase');
    const ended = (kind: string) => own.filter((one) => one.children.some(({ name }) => name === kind)).length;
    assert.deepEqual(
      ['tests', 'failures', 'errors'].map((key) => suite.attributes[key]),
      [own.length, ended('failure'), ended('error')].map(String),
    );
    return own.map((one) => ({ ...one.attributes, outcome: one.children[0]?.name ?? 'ok', told: one.children[0] }));
  }) as { name: string; classname: string; outcome: string; told?: Element }[];
  return { root, suites, cases };
}

const outcomes = (verdict: Verdict) => read(verdict).cases.map(({ name, outcome }) => `${outcome} ${name}`);

test('thresholds, oracles and the run itself are test cases; what failed has its sentence', () => {
  const verdict = exampleVerdict();
  const { root, suites, cases } = read(verdict);
  assert.deepEqual(root.attributes, {
    name: 'tandem medium',
    tests: '12',
    failures: '2',
    errors: '0',
    time: '125.000',
  });
  assert.deepEqual(
    suites.map(({ attributes }) => attributes.name),
    ['run', 'thresholds', 'oracles'],
  );
  assert.deepEqual(
    cases.map(({ name, outcome }) => `${outcome} ${name}`),
    [
      'ok the target answers',
      'ok what is asked for succeeds',
      'failure no arrival is dropped',
      'ok nothing is worse than in the baseline',
      'ok the measurement is valid',
      'failure iteration_response_time{scenario:sync-relay}: p(95)<500',
      'ok http_req_failed{scenario:sync-relay}: rate<0.05',
      'ok changes_accepted{scenario:sync-relay}: count>0',
      'ok browser_web_vital_lcp{phase:load}: p(75)<2.5*calm',
      'ok browser_step_duration{journey:light,phase:load,step:sync}: p(95)<1000',
      'ok acknowledged-writes',
      'ok convergence',
    ],
  );
  const crossed = cases[5]!;
  assert.equal(crossed.classname, 'tandem.medium.thresholds');
  assert.deepEqual(crossed.told?.attributes, { message: verdict.reasons[0]!.message, type: 'threshold' });
  assert.equal(crossed.told?.text, verdict.reasons[0]!.message);
  const properties = suites[0]!.children[0]!.children.map(({ attributes: { name, value } }) => `${name}=${value}`);
  assert.deepEqual(properties.slice(0, 4), [
    'status=fail',
    'profile=medium',
    'target=embedded',
    'url=http://127.0.0.1:41233',
  ]);
  assert.ok(outcomes(passedVerdict()).every((line) => line.startsWith('ok ')));
});

test('what makes a run invalid is an error, and so is what was not measured', () => {
  const { thresholds, oracles } = exampleVerdict();
  const metric = 'ws_session_duration';
  const interrupted = { kind: 'interrupted', severity: 'invalid', by: 'Ctrl-C', atMs: 1_000, ofMs: 9_000 } as const;
  const late = { kind: 'lateness', severity: 'invalid', scenario: 'a', p99Ms: 9, allowedMs: 5, count: 7 } as const;
  const empty = { ...thresholds[0]!, metric, observed: null, count: 0 };
  const verdict = exampleVerdict({
    status: 'invalid',
    reasons: [
      reason(interrupted),
      reason(late),
      reason({ kind: 'no-data', severity: 'invalid', metric, expression: 'p(95)<500', count: 0, needed: 20 }),
      reason({ kind: 'oracle', severity: 'fail', oracle: 'convergence', checked: 3, violations: 1 }),
    ],
    thresholds: [empty, { ...empty, expression: 'p(50)<9' }],
    oracles: [
      { ...oracles[0]!, status: 'unknown' },
      { ...oracles[1]!, status: 'violated', violations: 1 },
    ],
  });
  assert.deepEqual(outcomes(verdict), [
    'ok the target answers',
    'ok what is asked for succeeds',
    'ok no arrival is dropped',
    'ok nothing is worse than in the baseline',
    'error the measurement is valid',
    'error ws_session_duration: p(95)<500',
    'error ws_session_duration: p(50)<9',
    'error acknowledged-writes',
    'failure convergence',
  ]);
  const { cases } = read(verdict);
  assert.equal(
    cases[4]!.told!.text,
    verdict.reasons
      .slice(0, 2)
      .map(({ message }) => message)
      .join('\n'),
  );
  assert.match(cases[5]!.told!.text, /^ws_session_duration has no samples; /);
  // Its reason was left out of the verdict as a mere effect.
  assert.match(cases[6]!.told!.text, /^ws_session_duration: p\(50\)<9 was not judged\.$/);
});

test('an undecided threshold is an error that says what casts doubt on it, on whichever side of its limit it is', () => {
  for (const ok of [true, false]) {
    const { cases } = read(exampleVerdict({ reasons: [], thresholds: [undecidedThreshold(ok)] }));
    const one = cases.find(({ classname }) => classname.endsWith('.thresholds'))!;
    assert.equal(one.name, 'http_req_duration{op:GET /a|b}: p(95)<500');
    assert.equal(one.outcome, 'error');
    assert.equal(one.told!.text, 'Undecided: machine CPU 99 % (allowed 95 %) may be the cause.');
  }
});

test('a threshold in windows and what is asked beside thresholds are tests of their own, not whether the run was valid', () => {
  const about = {
    metric: 'http_req_duration',
    expression: 'p(95)<500',
    unit: 'ms',
    count: 900,
    decided: true,
  } as const;
  const windows = { everyMs: 10_000, held: 8, unknown: 0, missed: [], unit: 'ms' } as const;
  const drift = { metric: 'target_memory_bytes', expression: 'min<1%', phase: 'load', unit: 'bytes' } as const;
  const perHour = { low: 0.01, estimate: 0.02, high: 0.03 };
  const recovery = { after: 'spike', withinMs: 60_000, stayMs: 30_000, recoveredMs: null, watchedMs: 90_000 };
  const availability = { everyMs: 1_000, downtime: [] };
  const step = { phase: 'load', load: 1, perSecond: 30, state: 'held' } as const;
  const inWindows = { everyMs: 10_000, held: 8, unknown: 0, of: 10, share: 0.9, unit: 'ms' } as const;
  const verdict = exampleVerdict({
    thresholds: [
      { ...about, observed: 200, limit: 500, ok: true },
      { ...about, observed: 0.8, limit: 0.9, unit: 'ratio', count: 10, ok: false, windows: { ...windows, missed: [] } },
    ],
    oracles: [],
    availability: { ...availability, ok: true, decided: true },
    recovery: { ...recovery, ok: false, decided: true },
    capacity: { steps: [step], held: step, isOpen: false },
    drift: [
      { ...drift, base: 1e8, perHour, ok: false, decided: true },
      { ...drift, phase: 'late', base: 1e8, perHour, ok: true, decided: true },
    ],
    reasons: [
      reason({ kind: 'windows', severity: 'fail', metric: about.metric, expression: about.expression, ...inWindows }),
      reason({ kind: 'recovery', severity: 'fail', ...recovery }),
      reason({ kind: 'drift', severity: 'fail', ...drift, base: 1e8, perHour }),
    ],
  });
  assert.deepEqual(outcomes(verdict), [
    'ok the target answers',
    'ok what is asked for succeeds',
    'ok no arrival is dropped',
    'ok nothing is worse than in the baseline',
    'ok the measurement is valid',
    'ok http_req_duration: p(95)<500',
    'failure http_req_duration: p(95)<500 in windows of 10 s',
    'ok availability',
    'failure recovery after spike',
    'ok capacity',
    'failure drift of target_memory_bytes in load: min<1%',
    'ok drift of target_memory_bytes in late: min<1%',
  ]);
  // The other way round: what the whole run missed is no failure of its windows.
  const crossed = { ...about, observed: 812, limit: 500 };
  const missed = reason({ kind: 'threshold', severity: 'fail', ...crossed });
  const [whole, ofWindows] = verdict.thresholds;
  const turned = [
    { ...whole!, observed: 812, ok: false },
    { ...ofWindows!, observed: 1, ok: true },
  ];
  const { cases } = read({ ...verdict, thresholds: turned, reasons: [missed] });
  const own = cases.filter(({ classname }) => classname.endsWith('.thresholds')).map(({ outcome }) => outcome);
  assert.deepEqual(own, ['failure', 'ok']);
});

test('hostile text stays text, and in the file', () => {
  const hostile = ']]></failure><testcase name="x"/>&nbsp;\' \0\x1b[2J\ud800\ufffe\u202e\r\n-->';
  const { thresholds, oracles } = exampleVerdict();
  const verdict = exampleVerdict({
    profile: hostile,
    runId: hostile,
    target: { name: hostile, url: hostile },
    thresholds: [{ ...thresholds[0]!, metric: hostile }],
    oracles: [{ ...oracles[0]!, name: hostile }],
    reasons: [{ ...reason({ kind: 'nothing-measured', severity: 'invalid' }), message: hostile }],
    warnings: [{ ...reason({ kind: 'nothing-measured', severity: 'invalid' }), message: hostile }],
  });
  const { cases, suites } = read(verdict);
  assert.equal(cases.length, 7);
  const shown = ']]></failure><testcase name="x"/>&nbsp;\' \\x00\\x1b[2J\\ud800\ufffd\\u202e -->';
  assert.equal(cases[4]!.told!.text, shown);
  assert.equal(cases[6]!.name, shown);
  assert.equal(suites[0]!.children.at(-1)!.text, shown);
});

test('all warnings stand in one element, of which readers show the first alone; without any there is none', () => {
  const warning = (message: string) => ({ ...reason({ kind: 'nothing-measured', severity: 'invalid' }), message });
  const output = (warnings: Verdict['warnings']) =>
    read(exampleVerdict({ warnings })).suites.flatMap(({ children }) =>
      children.flatMap(({ name, text }) => (name === 'system-out' ? [text] : [])),
    );
  assert.deepEqual(output([warning('one <'), warning('two')]), ['one <\ntwo']);
  assert.deepEqual(output([]), []);
});
