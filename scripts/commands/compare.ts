// npx tandem compare <run> <run>: two runs side by side. A run is its id, its folder, or latest.
import { join } from 'node:path';
import { referenceOf } from '../../support/judge/baseline.ts';
import { Baselines, readRun } from '../../support/report/baselines.ts';
import { comparisonText, shapeOf } from '../../support/report/comparison.ts';
import { Misunderstood } from '../command.ts';

export async function run([a, b, ...more]: string[], root: string): Promise<void> {
  if (a === undefined || b === undefined || more.length > 0) throw new Misunderstood();
  const reports = join(root, 'reports');
  const [before, after] = [await readRun(reports, a), await readRun(reports, b)];
  const runs = await new Baselines(join(root, 'baselines')).runs(before.key);
  const others = runs.filter(({ runId }) => runId !== after.run.runId);
  process.stdout.write(comparisonText(before, after, referenceOf(others), shapeOf(process.stdout)));
}
