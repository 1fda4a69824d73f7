/** An attack of Tandem's own on two targets of a file, each answer counted by its status. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Attack } from '../../protocol/http/attack.ts';
import { attackOptions } from '../../protocol/http/options.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { contend } from '../contender.ts';
import { atRate, runLoad, sliceContext } from '../load.ts';

const RATE_PER_SECOND = 10_000;

const recorder = new Recorder('bench', 'load', { attack_answers: { type: 'counter', contains: 'default' } });
let attack: Attack | undefined;

contend(async ({ origin, connections, requests }) => {
  const context = sliceContext(origin, recorder, connections);
  attack ??= await open(context, origin);
  const bound = attack;
  const pack = () => JSON.stringify(recorder.pack());
  const packing = setInterval(pack, 1_000);
  const { completed } = await runLoad(atRate(RATE_PER_SECOND, requests, connections), context, (vu) => bound.hit(vu));
  clearInterval(packing);
  pack();
  if (completed !== requests || Object.keys(recorder.errors).length > 0) {
    throw new Error(`${completed} of ${requests} requests were sent; errors: ${JSON.stringify(recorder.errors)}`);
  }
});

async function open(context: ReturnType<typeof sliceContext>, origin: string): Promise<Attack> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    const path = join(folder, 'targets.txt');
    writeFileSync(path, `GET ${origin}/\nGET ${origin}/two\nX-Account: 1\n`);
    const settings = { ...context.target.settings, LOAD_TARGETS: path };
    return await Attack.open({ ...context, target: { ...context.target, settings }, options: attackOptions.parse({}) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
