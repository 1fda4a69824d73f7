/** A load that starts in a process that has sent nothing yet: two seconds, once, when it is told to. */
import { Http } from '../protocol/transports/http.ts';
import { Trend } from '../support/measure/histogram.ts';
import { Recorder } from '../support/measure/recorder.ts';
import { Executor } from '../support/schedule/executor.ts';
import { recordedIterations } from '../support/schedule/iterations.ts';
import { expectedLoad } from '../support/schedule/plan.ts';
import type { SliceContext } from '../support/worker/vu.ts';
import type { Seconds } from './cold.ts';
import type { Round } from './contender.ts';
import { atRate, loadWorkOf, sliceContext } from './load.ts';

const RATE_PER_SECOND = 5_000;

process.once('message', async (round: Round & { isPrepared: boolean }) => process.send?.(await secondsOf(round)));
process.on('disconnect', () => process.exit(0));

async function secondsOf(round: Round & { isPrepared: boolean }): Promise<Seconds> {
  const preparations: Parameters<SliceContext['beforeStart']>[0][] = [];
  const recorder = new Recorder('cold', 'load');
  const context = sliceContext(round.origin, recorder, round.connections);
  const http = new Http({ ...context, beforeStart: (prepare) => preparations.push(prepare) }, round.origin);
  const work = loadWorkOf(context, async (vu) => {
    const { status } = await http.request({ op: 'get', method: 'GET', path: '/' });
    vu.check('status is 200', status === 200);
  });
  const plan = atRate(RATE_PER_SECOND, round);
  const slice = { index: 0, of: 1 };
  const { run, ...recorded } = recordedIterations(work, recorder);
  const responses = [new Trend(), new Trend()];
  let startAt = 0;
  const executor = new Executor({
    ...{ plan, slice, seed: 1, signal: context.signal, ...recorded },
    createVu: (id) => work.createVu(id),
    run: (vu, iteration) => {
      const { dueAt } = iteration;
      const ofSecond = responses[Math.min(1, Math.floor((dueAt - startAt) / 1_000))]!;
      return run(vu, iteration).then(() => ofSecond.add(performance.now() - dueAt));
    },
  });
  const cpu = [process.cpuUsage()];
  await executor.prepare();
  const expected = expectedLoad(plan, slice)!;
  if (round.isPrepared) await Promise.all(preparations.map((prepare) => prepare(expected)));
  cpu.push(process.cpuUsage(cpu[0]));
  const began = process.cpuUsage();
  startAt = performance.now() + 100;
  const first = new Promise((resolve) => setTimeout(resolve, 1_100)).then(() => cpu.push(process.cpuUsage(began)));
  await Promise.all([executor.run(startAt), first]);
  const [beforeMs, firstMs] = cpu.slice(1).map(({ user, system }) => (user + system) / 1_000) as [number, number];
  const [one, two] = responses.map((trend) => trend.percentile(95)) as [number, number];
  return { responseP95Ms: [one, two], cpuMs: [beforeMs, firstMs] };
}
