/** An attack of Tandem's own on two targets of a file, each answer counted by its status. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Attack, attackMetrics } from '../../protocol/http/attack.ts';
import { attackOptions } from '../../protocol/http/options.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { contend } from '../contender.ts';
import { atRate, sendRound, sliceContext } from '../load.ts';

const RATE_PER_SECOND = 10_000;

const recorder = new Recorder('bench', 'load', metricDefinitions(attackMetrics));
let attack: Attack | undefined;

contend(async (round) => {
  const context = sliceContext(round.origin, recorder, round.connections);
  attack ??= await open(context, round.origin);
  const bound = attack;
  await sendRound(round, atRate(RATE_PER_SECOND, round), context, (vu) => bound.hit(vu));
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
