import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SliceContext } from '../../support/test.ts';
import { Rounds } from '../transports/rounds.ts';
import type { DwcpApi, Job } from './api.ts';
import { Follow } from './follow.ts';
import { MigrationRecord } from './history.ts';
import type { MigrationOptions } from './options.ts';

/** Follows the job `j` of a target that answers when the test says so. */
function bed(t: TestContext) {
  const record = new MigrationRecord('vm', 'here', 'there', 0);
  const asked: ((job: Job) => void)[] = [];
  const api = { job: () => new Promise((resolve) => asked.push(resolve)) } as unknown as DwcpApi;
  const rounds = new Rounds<Follow>(60_000, () => {});
  t.after(() => rounds.close());
  const slice = { signal: new AbortController().signal } as SliceContext;
  const options = { follow: 'both', timeoutMs: 60_000 } as MigrationOptions;
  const follow = new Follow({ slice, options, api, record, rounds, stream: undefined, before: '' });
  return { record, follow, asked, ending: follow.begin('j') };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const underWay: Job = { jobId: 'j', status: 'in_progress', progress: 90 };
const completed: Job = { jobId: 'j', status: 'completed', progress: 100 };

test('an answer that is on its way when the end is heard is older than the next one, and no second end', async (t) => {
  const { record, follow, asked, ending } = bed(t);
  follow.visit();
  await turn();
  follow.hear(completed);
  assert.equal(await ending, 'ended');
  const look = follow.look();
  await turn();
  assert.equal(asked.length, 1, 'one look at a time');
  asked[0]!(underWay);
  await turn();
  asked[1]!(completed);
  assert.equal((await look)?.status, 'completed');
  assert.deepEqual([...record.breaches], []);
  assert.equal(record.confirmed, true);
});

test('a job that goes back from one look to the next is broken', async (t) => {
  const { record, follow, asked } = bed(t);
  const looks = [follow.look(), follow.look()];
  await turn();
  asked[0]!(completed);
  await turn();
  asked[1]!(underWay);
  await Promise.all(looks);
  assert.deepEqual([...record.breaches], ['ended twice']);
});
