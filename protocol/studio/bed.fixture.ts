import type { TestContext } from 'node:test';
import { consult } from '../../support/check/oracles.ts';
import type { Evidence } from '../../support/measure/evidence.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { declaredOracles } from '../../support/oracle.ts';
import type { Vu } from '../../support/test.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { Studio } from './studio.ts';
import { workflowMetrics } from './workflow.ts';
import './agent-lifecycle.oracle.ts';
import './pipeline-lifecycle.oracle.ts';
import './sessions.oracle.ts';

/** A slice at a studio, and what it recorded. */
export async function bed(t: TestContext, url: string) {
  const recorder = new Recorder('test', 'load', metricDefinitions(workflowMetrics));
  const slice = { ...testSlice(url), recorder };
  const studio = await Studio.open(slice);
  t.after(() => studio.close());
  /** So many VUs, and what each keeps. */
  const make = <V>(count: number, one: (vu: Vu, studio: Studio) => Promise<V>) =>
    Promise.all(
      Array.from({ length: count }, async (_, id) => {
        const vu = testVu(slice, id);
        return { vu, state: await one(vu, studio) };
      }),
    );
  /** What an oracle says of it. */
  const judged = (oracle: string, evidence: Evidence[string]) =>
    consult([oracle], [{ [oracle]: evidence }], declaredOracles)[0]!;
  return { slice, studio, make, judged, errors: recorder.errors, recorded: () => recorded(slice) };
}
