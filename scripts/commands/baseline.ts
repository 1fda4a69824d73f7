// npx tandem baseline accept <run> | show: the runs that others are compared with. A run is its id, its folder, or latest.
import { join } from 'node:path';
import { Baselines, readRun } from '../../support/report/baselines.ts';
import { acceptedText, baselineText, shapeOf } from '../../support/report/comparison.ts';
import { Misunderstood } from '../command.ts';

export async function run([what, ...words]: string[], root: string): Promise<void> {
  const baselines = new Baselines(join(root, 'baselines'));
  if (what === 'accept' && words.length === 1) await accept(baselines, join(root, 'reports'), words[0]!);
  else if (what === 'show' && words.length === 0) await show(baselines);
  else throw new Misunderstood();
}

async function accept(baselines: Baselines, reports: string, name: string): Promise<void> {
  const run = await readRun(reports, name);
  const { file, runs } = await baselines.accept(run);
  console.log(acceptedText(run, file, runs));
}

async function show(baselines: Baselines): Promise<void> {
  const all = await baselines.all();
  if (all.length === 0) console.log('There is no baseline yet: npx tandem baseline accept <run>.');
  const shape = shapeOf(process.stdout);
  const texts = all.map(({ file, baseline }) =>
    baseline instanceof Error ? `${baseline.message}\n` : baselineText(file, baseline, shape),
  );
  process.stdout.write(texts.join('\n'));
}
