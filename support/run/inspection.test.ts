import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { folderOf } from '../folder.fixture.ts';
import { Inspection } from './inspection.ts';

const id = { scenario: 'ping', index: 0 };
const softFailures = join(import.meta.dirname, '..', 'worker', 'soft-failures.ts');

/** A slice's process as a worker is one, in the midst of an operation that runs `code`, which writes something once it is there. */
async function slice(t: TestContext, code: string, limitMs?: number) {
  const root = folderOf(t, {
    'package.json': '{ "type": "module" }',
    'protocol/ping.load.ts': [
      `import { hearingSoftFailures } from '${softFailures}';`,
      "import { writeSync } from 'node:fs';",
      'process.debugPort = 0;',
      'export async function get(): Promise<void> {',
      '  await null;',
      code,
      '}',
      "void hearingSoftFailures(() => {}, () => 'operation get', get);",
      'setInterval(() => {}, 1_000);',
    ].join('\n'),
  });
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--import', 'tsx', join(root, 'protocol', 'ping.load.ts')],
    {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  const inspection = new Inspection(root, limitMs);
  const others: string[] = [];
  child.stderr
    .setEncoding('utf8')
    .on('data', (chunk: string) => others.push(inspection.hear([{ scenario: 'other', index: 0 }, id], chunk)));
  const ended = once(child, 'exit').then(() => assert.fail(others.join('')));
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => {}); // the test kills it
  return { child, placeOf: () => inspection.placeOf(id, child.pid!), said: () => others.join('') };
}

test('a process that does nothing else any more tells in which operation, function and line it is', async (t) => {
  const blocked = await slice(
    t,
    "function parse() { writeSync(1, 'here'); for (;;); }\nconsole.error('mine');\nparse();",
    20_000,
  );
  assert.equal(await blocked.placeOf(), 'operation get, in parse (protocol/ping.load.ts:6)');
  assert.equal(blocked.said(), 'mine\n');
});

test('it is asked anew when it was stopped in Node’s own call, in which no work is under way', async (t) => {
  const root = folderOf(t, {});
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  const inspector = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => inspector.close());
  await once(inspector, 'listening');
  const asked: string[] = [];
  inspector.on('connection', (socket) => {
    const tell = (method: string, functionName?: string) =>
      socket.send(JSON.stringify({ method, params: { callFrames: [{ callFrameId: functionName, functionName }] } }));
    const stack = `Error\n    at parse (${join(root, 'a.ts')}:7:1)`;
    const answers: Record<string, () => void> = {
      'Debugger.pause': () => tell('Debugger.paused', asked.length === 2 ? 'callbackTrampoline' : 'parse'),
      'Debugger.resume': () => tell('Debugger.resumed'),
      'Debugger.evaluateOnCallFrame': () => {
        const value = JSON.stringify({ work: 'operation get', stack });
        socket.send(JSON.stringify({ id: 3, result: { result: { type: 'string', value } } }));
      },
    };
    socket.on('message', (data) => {
      const { method } = JSON.parse(String(data));
      asked.push(method);
      answers[method]?.();
    });
  });
  const inspection = new Inspection(root, 20_000);
  const place = inspection.placeOf(id, child.pid!);
  inspection.hear([id], `Debugger listening on ws://127.0.0.1:${(inspector.address() as AddressInfo).port}/x\n`);
  assert.equal(await place, 'operation get, in parse (a.ts:7)');
  assert.deepEqual(
    asked.map((method) => method.replace('Debugger.', '')),
    ['enable', 'pause', 'resume', 'pause', 'evaluateOnCallFrame'],
  );
});

test('one that was stopped does not tell', async (t) => {
  const { child, placeOf, said } = await slice(t, "writeSync(1, 'here'); for (;;);", 300);
  child.kill('SIGSTOP');
  assert.equal(await placeOf(), undefined);
  assert.equal(said(), '');
});

test('what a slice writes is let through while nobody asks', () => {
  const text = 'Debugger listening on ws://127.0.0.1:1/x\n';
  assert.equal(new Inspection('/project').hear([id], text), text);
});
