/** A load of Tandem's own as fast as it goes: VUs that loop, each row checked, everything recorded. */
import { Postgres, postgresMetrics } from '../../protocol/transports/postgres.ts';
import { metricDefinitions } from '../../support/declaration.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { contend } from '../contender.ts';
import { runLoad, sliceContext } from '../load.ts';
import { read, readId } from '../point-read.ts';

const statement = { ...read, kind: 'read' } as const;
const recorder = new Recorder('bench', 'load', metricDefinitions(postgresMetrics));
let postgres: Postgres | undefined;

contend(async ({ origin, connections, requests }) => {
  const context = sliceContext('http://127.0.0.1', recorder, connections);
  postgres ??= new Postgres(context, origin, { connections });
  const bound = postgres;
  let left = requests;
  const plan = {
    executor: 'shared-iterations',
    vus: connections,
    iterations: requests,
    maxDurationMs: 60_000,
    startTimeMs: 0,
    gracefulStopMs: 0,
  } as const;
  const { completed } = await runLoad(plan, context, async (vu) => {
    left -= 1;
    const { rows } = await bound.query(statement, [readId(left)]);
    vu.check('one row', rows.length === 1);
  });
  recorder.pack();
  if (completed !== requests || Object.keys(recorder.errors).length > 0) {
    throw new Error(`${completed} of ${requests} queries were sent; errors: ${JSON.stringify(recorder.errors)}`);
  }
});
