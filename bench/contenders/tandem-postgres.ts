/** A load of Tandem's own as fast as it goes: VUs that loop, each row checked, everything recorded. */
import { Postgres, postgresMetrics } from '../../protocol/transports/postgres.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { contend } from '../contender.ts';
import { flatOut, sendRound, sliceContext } from '../load.ts';
import { read, readId } from '../point-read.ts';

const statement = { ...read, kind: 'read' } as const;
const recorder = new Recorder('bench', 'load', metricDefinitions(postgresMetrics));
let postgres: Postgres | undefined;

contend(async (round) => {
  const { origin, connections } = round;
  const context = sliceContext('http://127.0.0.1', recorder, connections);
  postgres ??= new Postgres(context, origin, { connections });
  const bound = postgres;
  let left = round.requests;
  await sendRound(round, flatOut(round), context, async (vu) => {
    left -= 1;
    const { rows } = await bound.query(statement, [readId(left)]);
    vu.check('one row', rows.length === 1);
  });
});
