import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../schedule/random.ts';
import { againstBaseline, compare, type KeptRun, LEAST_RUNS, referenceOf, regressions } from './baseline.ts';
import type { Figure } from './comparable.ts';
import type { Finding } from './verdict.ts';

/** How runs of one build differ: relative standard deviations of a whole run and of a block, and how alike neighbours are. */
interface Noise {
  run: number;
  block: number;
  alike?: number;
  /** Share of blocks in which something else on the machine took three times the time. */
  hiccups?: number;
}

const QUIET: Noise = { run: 0.02, block: 0.1 };

/** Runs of a schedule that ramps from 1 to 3, with ten response times, errors and throughput. */
function runsOf(seed: string, count: number, noise: Noise, { slower = 1, failing = 0.01, less = 1 } = {}): KeptRun[] {
  const uniform = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const { alike = 0, hiccups = 0 } = noise;
  const blocks = (level: number) => {
    const run = normal() * noise.run;
    let last = normal();
    return Array.from({ length: 24 }, (_, at) => {
      last = alike * last + Math.sqrt(1 - alike ** 2) * normal();
      const hiccup = uniform() < hiccups ? 3 : 1;
      return level * (1 + at / 12) * Math.exp(run + last * noise.block) * hiccup;
    });
  };
  const figure = (aspect: Figure['aspect'], metric: string, stat: string, level: number): Figure => {
    const own = blocks(level);
    return { aspect, metric, stat, value: own.reduce((sum, value) => sum + value / 24, 0), blocks: own };
  };
  return Array.from({ length: count }, (_, index) => ({
    runId: `${seed}-${index}`,
    startedAt: '2026-11-23T20:00:00.000Z',
    build: 'abc',
    figures: [
      ...Array.from({ length: 10 }, (_, op) =>
        figure('response-time', `http_req_duration{op:${op}}`, 'p(95)', op === 0 ? 20 * slower : 20),
      ),
      figure('errors', 'http_req_failed', 'rate', failing / 2),
      figure('throughput', 'http_reqs', 'rate', 100 * less),
    ],
  }));
}

const found = (findings: Finding[]) => findings.flatMap((one) => (one.kind === 'regression' ? [one] : []));

test('chance gives no alarms, and a true +30 % is found, as far as runs of one build allow to tell', () => {
  const ROUNDS = 15;
  const table: [name: string, noise: Noise, runs: number, foundAtLeast: number][] = [
    ['quiet', QUIET, 10, 15],
    ['noisy runs', { run: 0.06, block: 0.1 }, 20, 8],
    ['very noisy runs', { run: 0.3, block: 0.1 }, 10, 0],
    ['waves', { run: 0.02, block: 0.05, alike: 0.8 }, 10, 10],
    ['hiccups', { run: 0.02, block: 0.1, hiccups: 0.05 }, 10, 0],
    ['fewest runs', { run: 0.002, block: 0.02 }, LEAST_RUNS, 10],
  ];
  for (const [name, noise, runs, foundAtLeast] of table) {
    let alarms = 0;
    let seen = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const baseline = runsOf(`${name} ${round}`, runs, noise);
      const [same] = runsOf(`${name} ${round} same`, 1, noise);
      const [slow] = runsOf(`${name} ${round} slow`, 1, noise, { slower: 1.3 });
      if (found(againstBaseline(same!, baseline)).length > 0) alarms++;
      if (found(againstBaseline(slow!, baseline)).some(({ metric }) => metric.endsWith('op:0}'))) seen++;
    }
    assert.ok(alarms === 0, `${name}: ${alarms} of ${ROUNDS} runs of the same build raised an alarm`);
    assert.ok(seen >= foundAtLeast, `${name}: +30 % was seen in ${seen} of ${ROUNDS} runs`);
  }
});

test('how much worse decides: warning at +20 %, 5 %, −20 %, critical beyond +50 %, 10 %, −40 %', () => {
  const baseline = runsOf('baseline', 10, { run: 0.001, block: 0.01 });
  const table: [change: Parameters<typeof runsOf>[3], severity: string | undefined][] = [
    [{ slower: 1.17 }, undefined],
    [{ slower: 1.23 }, 'warning'],
    [{ slower: 1.47 }, 'warning'],
    [{ slower: 1.55 }, 'fail'],
    [{ slower: 0.3 }, undefined],
    [{ failing: 0.045 }, undefined],
    [{ failing: 0.06 }, 'warning'],
    [{ failing: 0.11 }, 'fail'],
    [{ less: 0.83 }, undefined],
    [{ less: 0.77 }, 'warning'],
    [{ less: 0.55 }, 'fail'],
    [{ less: 2 }, undefined],
  ];
  for (const [change, severity] of table) {
    const [run] = runsOf('other', 1, { run: 0.001, block: 0.01 }, change);
    const [finding, ...more] = found(againstBaseline(run!, baseline));
    assert.equal(finding?.severity, severity, JSON.stringify(change));
    assert.equal(more.length, 0);
  }
});

test('a regression says what, by how much, against what, and how sure', () => {
  const baseline = runsOf('baseline', 10, QUIET);
  const [run] = runsOf('slow', 1, QUIET, { slower: 1.6 });
  const [finding] = found(againstBaseline(run!, baseline));
  const { metric, stat, observed, baseline: mean, change, limit, noise, p, runs, blocks } = finding!;
  assert.deepEqual(
    { metric, stat, limit, runs },
    { metric: 'http_req_duration{op:0}', stat: 'p(95)', limit: 0.5, runs: 10 },
  );
  assert.ok(Math.abs(observed / mean - 1 - change) < 1e-9 && change > 0.5 && change < 0.7, `${change}`);
  assert.ok(noise > 0.02 && noise < 0.4 && p < 0.001 && blocks >= 6, JSON.stringify(finding));
});

test('much worse for a quarter of the time only is no regression: the blocks say so', () => {
  const baseline = runsOf('baseline', 10, QUIET);
  const [run] = runsOf('pause', 1, QUIET);
  const figure = run!.figures[0]!;
  figure.blocks = figure.blocks.map((value, at) => (at < 6 ? value! * 8 : value));
  figure.value *= 1.6;
  const all = compare(run!, baseline);
  assert.deepEqual(regressions(all), []);
  assert.equal(all[0]!.result, 'noise');
});

test('what cannot be told is not told: too few runs, too few blocks, nothing in common', () => {
  const runs = runsOf('baseline', 10, QUIET);
  const [slow] = runsOf('slow', 1, QUIET, { slower: 2 });
  assert.deepEqual(againstBaseline(slow!, runs.slice(0, 2)), [
    { kind: 'baseline-thin', severity: 'warning', runs: 2, needed: LEAST_RUNS },
  ]);
  const undecided = { kind: 'baseline-undecided', severity: 'warning' } as const;
  const short = { ...slow!, figures: slow!.figures.map((one) => ({ ...one, blocks: [] })) };
  const toldOf = (run: KeptRun) =>
    againstBaseline(run, runs).map((one) => {
      const { worst, ...told } = one as Extract<Finding, { kind: 'baseline-undecided' }>;
      return [told, worst?.metric];
    });
  assert.deepEqual(toldOf(short), [[{ ...undecided, figures: 12, of: 12 }, 'http_req_duration{op:0}']]);
  const [usual] = runsOf('usual', 1, QUIET);
  const unclear = { ...usual!, figures: usual!.figures.map((one) => ({ ...one, blocks: [] })) };
  assert.deepEqual(
    againstBaseline(unclear, runs),
    [{ ...undecided, figures: 12, of: 12 }],
    'looked like a run that is fine',
  );
  const some = { ...usual!, figures: usual!.figures.map((one, at) => (at === 3 ? { ...one, blocks: [] } : one)) };
  assert.deepEqual(againstBaseline(some, runs), [], 'one that has hardly changed is no matter');
  const worse = { ...slow!, figures: slow!.figures.map((one, at) => (at === 0 ? { ...one, blocks: [] } : one)) };
  assert.deepEqual(toldOf(worse), [[{ ...undecided, figures: 1, of: 12 }, 'http_req_duration{op:0}']]);
  assert.equal(compare(short, runs)[0]!.result, 'unknown');
  const other = { ...slow!, figures: slow!.figures.map((one) => ({ ...one, metric: 'other' })) };
  assert.deepEqual(againstBaseline(other, runs), [{ ...undecided, figures: 0, of: 0 }]);
  const gaps = { ...slow!, figures: slow!.figures.map((one) => ({ ...one, blocks: one.blocks.map(() => null) })) };
  assert.equal(compare(gaps, runs)[0]!.result, 'unknown');
});

test('blocks of different lengths are made alike', () => {
  const runs = runsOf('baseline', 10, QUIET);
  const [slow] = runsOf('slow', 1, QUIET, { slower: 1.6 });
  const thinned = slow!.figures.map((one) => ({ ...one, blocks: one.blocks.filter((_, at) => at % 2 === 0) }));
  const [first] = compare({ ...slow!, figures: thinned }, runs);
  assert.equal(first!.result, 'critical');
  assert.ok(first!.blocks <= 12);
});

test('a run is compared with the newest build, once there are enough runs of it, and never with itself', () => {
  const runs = runsOf('baseline', 5, QUIET);
  const build = (name: string | null, run: KeptRun): KeptRun => ({ ...run, build: name });
  const mixed = runs.map((run, at) => build(at < 2 ? 'old' : 'new', run));
  assert.deepEqual(
    referenceOf(mixed).map(({ build }) => build),
    ['new', 'new', 'new'],
  );
  assert.equal(referenceOf(mixed.slice(0, 4)).length, 4);
  assert.deepEqual(referenceOf([]), []);
  assert.deepEqual(againstBaseline(runs[0]!, runs.slice(0, 3)), [
    { kind: 'baseline-thin', severity: 'warning', runs: 2, needed: LEAST_RUNS },
  ]);
});

test('two single runs are told apart only with the noise of others of their kind', () => {
  const alike = runsOf('baseline', 10, QUIET);
  const [before] = runsOf('before', 1, QUIET);
  const [after] = runsOf('after', 1, QUIET, { slower: 2 });
  assert.equal(compare(after!, [before!])[0]!.result, 'unknown');
  assert.equal(compare(after!, [before!], alike)[0]!.result, 'critical');
  assert.ok(compare(before!, [after!], alike).every(({ result }) => result === 'fine' || result === 'noise'));
});
