import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../../support/server.fixture.ts';
import { testSlice, testVu } from '../slice.fixture.ts';
import type { RealtimeAccess } from './api.ts';
import { VmActivity } from './vm-activity.ts';
import { WatchedVm } from './watched-vm.ts';

/** How often a VM is looked at that is to start until it runs. */
const LOOKS = 3;

/** Changes a VM that starts only after some looks at it. @param isTold whether that is told of, when it is so */
async function changes(t: TestContext, isTold: boolean): Promise<WatchedVm> {
  const watched = new WatchedVm();
  watched.joined({});
  let isOver = false;
  let status = 'stopped';
  let looksLeft = 0;
  const { url } = await serve(t, (request, response) => {
    const { method, url: path = '' } = request;
    const isStart = path.endsWith('/start');
    if (isStart) looksLeft = LOOKS;
    // What comes after the first change is of no interest.
    if (path.endsWith('/stop')) isOver = true;
    if (method === 'GET' && looksLeft > 0) {
      looksLeft -= 1;
      if (looksLeft === 0) {
        status = 'running';
        if (isTold) watched.hear(status);
      }
    }
    response.statusCode = isStart ? 202 : path.endsWith('/vms') ? 201 : method === 'DELETE' ? 204 : 200;
    const vm = { id: 'vm-1', name: 'vm', status, zone: 'us-west-1', cpu_cores: 1, memory_mb: 512 };
    response.end(response.statusCode === 204 ? '' : JSON.stringify(vm));
  });
  const vu = testVu({ ...testSlice(url), isOver: () => isOver });
  const activity = new VmActivity(vu, 'token', 1_000, { watched, conditions: { timeoutMs: 20 } } as RealtimeAccess);
  activity.begin();
  while (!isOver) await new Promise((resolve) => setTimeout(resolve, 1));
  await activity.close();
  return watched;
}

test('a VM that takes longer to start than events may take is told of when it runs', async (t) => {
  const { told, untold } = (await changes(t, true)).evidence()!;
  assert.deepEqual([told, untold], [1, 0]);
});

test('one that runs, and of which nothing is told then, is not', async (t) => {
  const { told, untold } = (await changes(t, false)).evidence()!;
  assert.deepEqual([told, untold], [0, 1]);
});
