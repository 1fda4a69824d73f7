import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackOf } from './flags.ts';

const asked = (...args: string[]) => attackOf(args, {});
const sentence = (args: string[], env: NodeJS.ProcessEnv = {}): string => {
  try {
    attackOf(args, env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

const response = 'iteration_response_time{scenario:attack}';
const failed = 'iteration_failed{scenario:attack}';

test('Vegeta’s own defaults, but for an end that there must be', () => {
  assert.deepEqual(asked('-duration=30s'), {
    targets: undefined,
    env: {},
    profile: {
      description: 'npx tandem attack: 50 a second for 30s',
      scenarios: {
        attack: {
          executor: 'constant-arrival-rate',
          rate: 50,
          preAllocatedVUs: 10,
          maxVUs: 1_500,
          duration: '30s',
          gracefulStop: '30s',
          options: { timeout: '30s', redirects: 10, keepAlive: true },
        },
      },
      thresholds: {},
    },
    report: undefined,
    output: undefined,
  });
});

test('every flag, in each of the ways in which Go reads flags', () => {
  const attack = asked(
    ...['-targets=api.txt', '-rate', '3000/1m', '--duration', '1m30s', '-header=X-A: 1', '-header', 'X-B: b: c'],
    ...[
      '-body=b.json',
      '-timeout=2s',
      '-max-workers=7',
      '-workers=5',
      '-redirects=-1',
      '-keepalive=false',
      '-insecure',
    ],
    ...['-format=json', '-name=nightly', '-max-connections=3', '-cert=c.pem', '-root-certs=ca.pem', '-http2=false'],
    ...['-type=hist[10ms,1s]', '-output=out.txt', '-slo', 'p(99)<500', '-slo=success>0.8'],
  );
  assert.deepEqual(attack, {
    targets: 'api.txt',
    env: {
      LOAD_TARGETS_FORMAT: 'json',
      LOAD_HEADERS: 'X-A: 1\nX-B: b: c',
      LOAD_BODY: 'b.json',
      LOAD_RUN_ID: 'nightly',
      TLS_INSECURE: '1',
      TLS_CLIENT_CERT: 'c.pem',
      TLS_CLIENT_KEY: 'c.pem',
      NODE_EXTRA_CA_CERTS: 'ca.pem',
    },
    profile: {
      description: 'npx tandem attack: 50 a second for 1m30s',
      scenarios: {
        attack: {
          executor: 'constant-arrival-rate',
          rate: 50,
          preAllocatedVUs: 5,
          maxVUs: 7,
          duration: '1m30s',
          gracefulStop: '2s',
          options: { timeout: '2s', redirects: 0, keepAlive: false, connections: 3 },
        },
      },
      thresholds: { [response]: ['p(99)<500'], [failed]: ['rate<0.2'] },
      maxFailed: 1,
    },
    report: { type: 'hist', bucketsMs: [0, 10, 1_000] },
    output: 'out.txt',
  });
});

test('a rate of 0 is as fast as so many workers are answered', () => {
  for (const rate of ['0', '0/1s', 'infinity']) {
    const { scenarios, description } = asked(`-rate=${rate}`, '-max-workers=8', '-duration=5s').profile;
    assert.deepEqual([scenarios.attack.executor, scenarios.attack.vus], ['constant-vus', 8]);
    assert.equal(description, 'npx tandem attack: 8 workers for 5s');
  }
});

test('requests under way have a bound, which is no limit where none is needed', () => {
  const maxVUs = (...args: string[]) => asked('-duration=5s', ...args).profile.scenarios.attack.maxVUs;
  assert.equal(maxVUs('-rate=1', '-timeout=1s'), 10);
  assert.equal(maxVUs('-rate=100', '-timeout=5s'), 500);
  assert.equal(maxVUs('-rate=5000'), 10_000);
  assert.equal(maxVUs('-rate=1', '-workers=20000'), 20_000);
});

test('limits in words', () => {
  const table: [slo: string, metric: string, expression: string][] = [
    ['p(99)<500', response, 'p(99)<500'],
    ['p(99.9) <= 500ms', response, 'p(99.9)<=500'],
    ['avg<1.5s', response, 'avg<1500'],
    ['max<1.001s', response, 'max<1001'],
    ['success>0.8', failed, 'rate<0.2'],
    ['success>=99.9%', failed, 'rate<=0.001'],
    ['errors<1%', failed, 'rate<0.01'],
    ['errors<29%', failed, 'rate<0.29'],
  ];
  for (const [slo, metric, expression] of table) {
    assert.deepEqual(asked('-duration=1s', `-slo=${slo}`).profile.thresholds, { [metric]: [expression] });
  }
  assert.equal(asked('-duration=1s', '-slo=p(99)<500').profile.maxFailed, undefined);
});

test('a switch says what holds, whatever else the environment says', () => {
  assert.deepEqual(asked('-duration=1s').env, {});
  assert.deepEqual(asked('-duration=1s', '-insecure').env, { TLS_INSECURE: '1' });
  assert.deepEqual(asked('-duration=1s', '-insecure=false').env, { TLS_INSECURE: '0' });
  // What comes after it is a flag again.
  const { profile } = asked('-keepalive', 'false', '-insecure', '-duration=1s');
  assert.deepEqual(
    [profile.scenarios.attack.options, profile.scenarios.attack.duration],
    [{ timeout: '30s', redirects: 10, keepAlive: false }, '1s'],
  );
});

test('what is no flag, no value, or not ours, in one sentence each', () => {
  const duration = 'allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d';
  const rate =
    'allowed is a rate such as 50, 50/s or 3000/1m, or 0 for as fast as it goes, with -max-workers; default 50.';
  const slo = 'allowed is "p(99)<500", "success>0.8" or "errors<0.01", as often as there are limits.';
  const table: [args: string[], sentence: string][] = [
    [[], `-duration is missing; ${duration}.`],
    [['-duration=0'], `-duration is "0"; ${duration}.`],
    [['-duration=5s', '-rate=fast'], `-rate is "fast"; ${rate}`],
    [['-duration=5s', '-rate='], `-rate is empty; ${rate}`],
    [
      ['-duration=5s', '-rate=0'],
      '-rate=0 is as fast as it goes, and -max-workers is missing; allowed is -max-workers=<requests under way at a time>.',
    ],
    [
      ['-duration=5s', '-workers=5', '-max-workers=2'],
      '-max-workers is "2"; allowed is a whole number from -workers to 1,000,000.',
    ],
    [['-duration=5s', '-workers=0'], '-workers is "0"; allowed is a whole number of at least 1; default 10.'],
    [
      ['-duration=5s', '-redirects=0'],
      '-redirects is "0"; allowed is a whole number from 1 to 100, or -1 to take them for answers; default 10.',
    ],
    [['-duration=5s', '-keepalive=maybe'], '-keepalive is "maybe"; allowed is true or false; default true.'],
    [
      ['-duration=5s', '-header=secret-token'],
      '-header is not as it has to be; allowed is "<name>: <value>", as often as there are headers.',
    ],
    ...['X A: 1', 'X-A: 1\nX-B: 2', 'Upgrade: h2c', ' '].map((header): [args: string[], sentence: string] => [
      ['-duration=5s', '-header', header],
      '-header is not as it has to be; allowed is "<name>: <value>", as often as there are headers.',
    ]),
    [['-duration=5s', '-format=xml'], '-format is "xml"; allowed is http, json or har; default: as the targets look.'],
    [['-duration=5s', '-slo=fast'], `-slo is "fast"; ${slo}`],
    [['-duration=5s', '-slo=success>80'], `-slo is "success>80"; ${slo}`],
    [['-duration=5s', '-slo=p(101)<5'], `-slo is "p(101)<5"; ${slo}`],
    [['-duration=5s', '-key=k.pem'], '-cert is missing beside -key; allowed is both.'],
    [['-duration=5s', '-output=x'], '-output is a file for a report; allowed is -type=text with it.'],
    [
      ['-duration=5s', '-type=hist'],
      '-type is "hist"; allowed is text, json, hist[<duration>,…] such as "hist[0,100ms,1s]", or plot for the path of the report’s page.',
    ],
    [
      ['-lazy', '-duration=5s'],
      '-lazy is not needed: a long file is read as it is used, and of a stream as much as is sent; leave it out.',
    ],
    [['-duration=5s', '-http2=maybe'], '-http2 is "maybe"; allowed is false.'],
    [['-duration=5s', '-http2=1'], '-http2 asks for HTTP/2, and requests are sent over HTTP/1.1; leave it out.'],
    [['-duration=5s', '-http2'], '-http2 asks for HTTP/2, and requests are sent over HTTP/1.1; leave it out.'],
  ];
  for (const [args, expected] of table) assert.equal(sentence(args), expected);
  assert.match(sentence(['-ratee=5']), /^-ratee is not known; did you mean "rate"\? allowed: targets, format, rate, /);
  assert.match(sentence(['api.txt']), /^"api\.txt" is no flag; allowed: -targets, -format, /);
  assert.equal(
    sentence(['-duration=5s'], { LOAD_RATE: '5' }),
    'LOAD_RATE is set, and an attack is shaped by its flags; unset it.',
  );
});
