import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Facts, isStarted, linesOf } from './commands/doctor.ts';

const good: Facts = {
  node: '22.12.0',
  isModule: false,
  playwright: '1.65.1',
  isOnePlaywright: true,
  cores: 4,
  freeBytes: 4 * 1024 ** 3,
  openFiles: 20_000,
  ports: 28_232,
};

test('a machine that has all is told nothing to do', () => {
  assert.deepEqual(
    linesOf(good).filter(({ status, remedy }) => status !== 'ok' || remedy !== undefined),
    [],
  );
  // What a machine does not tell is not judged.
  assert.ok(linesOf({ ...good, openFiles: undefined, ports: undefined }).every(({ status }) => status === 'ok'));
});

test('a share of a core is told as one', () => {
  const told = (cores: number) => linesOf({ ...good, cores }).find(({ text }) => text.includes('core'))!.text;
  assert.deepEqual([1, 0.25, 1.5, 4].map(told), ['1 core', '0.3 cores', '1.5 cores', '4 cores']);
});

test('each lack is a line of its own, with its remedy', () => {
  const lacks: [Partial<Facts>, string, RegExp][] = [
    [{ node: '20.17.0', isModule: true }, 'missing', /nvm install/],
    // A CommonJS project needs require() of ES modules.
    [{ node: '20.18.3' }, 'missing', /20\.19/],
    [{ node: '21.7.3' }, 'missing', /22\.12/],
    [{ node: '22.11.0' }, 'missing', /22\.12/],
    [{ playwright: undefined }, 'missing', /npm install -D @playwright\/test/],
    [{ isOnePlaywright: false }, 'missing', /npm dedupe/],
    [{ cores: 1 }, 'warning', /two at least/],
    [{ cores: 1.5 }, 'warning', /two at least/],
    [{ freeBytes: 1e8 }, 'warning', /0\.2 GB a browser/],
    [{ openFiles: 1024 }, 'warning', /ulimit -n/],
    [{ ports: 1000 }, 'warning', /ip_local_port_range/],
  ];
  for (const [lack, status, remedy] of lacks) {
    const [found, ...more] = linesOf({ ...good, ...lack }).filter((line) => line.status !== 'ok');
    assert.deepEqual([found?.status, more], [status, []]);
    assert.match(found!.remedy!, remedy);
  }
  for (const facts of [{ node: '20.18.3', isModule: true }, { node: '22.1.0', isModule: true }, { node: '23.0.0' }])
    assert.ok(linesOf({ ...good, ...facts }).every(({ status }) => status === 'ok'));
});

test('what is elsewhere is not started by the webServer of the tests', () => {
  const own = [{ url: 'http://localhost:3000/health' }, { port: 8080 }];
  for (const url of ['http://127.0.0.1:3000', 'http://localhost:3000/app/', 'ws://[::1]:3000', 'http://localhost:8080'])
    assert.equal(isStarted(url, own), true, url);
  for (const url of [
    'https://staging.example',
    'http://localhost:3001',
    'https://localhost',
    'http://staging.example:3000',
  ])
    assert.equal(isStarted(url, own), false, url);
  // It waits for a line of what is printed, and says no address.
  assert.deepEqual([isStarted('http://localhost:3000', [{}]), isStarted('http://localhost:3000', [])], [true, false]);
});
