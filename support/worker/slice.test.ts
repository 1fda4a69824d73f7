import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sliceReportType, unpackSlice } from '../measure/slice.ts';
import { openLine } from '../schedule/startline.fixture.ts';
import { timeline } from '../schedule/timeline.ts';
import type { Declaration } from './declaration.ts';
import { Slice } from './slice.ts';

test('a slice that its own code gave a time limit says so: nobody has stopped it', async (t) => {
  const scenarios = { light: { executor: 'constant-arrival-rate', rate: 1, duration: '1m', maxSessions: 1 } } as const;
  const spec = { description: 'Of a test', scenarios, thresholds: {} };
  const known = { load: [], journey: ['light'] };
  const metadata = timeline({ name: 'mine', path: 'profiles/mine.json', spec }, known, { scale: 1, seed: '1' });
  const id = { scenario: 'light', index: 0 };
  const declaration: Declaration = {
    ...{ kind: 'journey', name: 'light', operations: [], metrics: {}, oracles: [], options: {} },
  };
  const { LOAD_RUN_ID: before } = process.env;
  process.env.LOAD_RUN_ID = 'run';
  t.after(() => {
    if (before === undefined) delete process.env.LOAD_RUN_ID;
    else process.env.LOAD_RUN_ID = before;
  });
  const line = await openLine(t);
  const settings = { name: 'test', source: 'test', values: { BASE_URL: 'http://127.0.0.1:1' } };
  const ended = async (status: string) => {
    const attached: Buffer[] = [];
    const slice = await Slice.open(id, declaration, line.address, settings, {
      ...{ config: { configFile: '/project/playwright.config.ts' }, project: { metadata }, status },
      errors: [{ message: 'Test timeout of 500ms exceeded.' }],
      async attach(_name, { body, contentType }) {
        if (contentType === sliceReportType) attached.push(body);
      },
    });
    await slice.end(() => ({ message: 'Test timeout of 500ms exceeded.' }), true);
    const { end } = unpackSlice(attached[0]!);
    return [end.status, end.error];
  };
  assert.deepEqual(await ended('timedOut'), ['crashed', 'Test timeout of 500ms exceeded.']);
  assert.deepEqual(await ended('interrupted'), ['stopped', undefined]);
});
