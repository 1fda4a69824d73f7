// npm run baseline -- accept <run> | show | compare <a> <b>: the runs that others are compared with. A run is its id, its folder, or latest.
import { join } from 'node:path';
import { referenceOf } from '../support/judge/baseline.ts';
import { Baselines, readRun } from '../support/report/baselines.ts';
import { acceptedText, baselineText, comparisonText } from '../support/report/comparison.ts';
import { wantsColor } from '../support/report/text/ansi.ts';

const root = process.cwd();
const reports = join(root, 'reports');
const baselines = new Baselines(join(root, 'baselines'));
const shape = { columns: process.stdout.columns ?? 100, color: wantsColor(process.stdout) };

const commands: Record<string, { runs: number; do(...runs: string[]): Promise<string> }> = {
  accept: {
    runs: 1,
    async do(name) {
      const run = await readRun(reports, name!);
      const { file, runs } = await baselines.accept(run);
      return `${acceptedText(run, file, runs)}\n`;
    },
  },
  show: {
    runs: 0,
    async do() {
      const all = await baselines.all();
      if (all.length === 0) return 'There is no baseline yet: npm run baseline -- accept <run>.\n';
      return all
        .map(({ file, baseline }) =>
          baseline instanceof Error ? `${baseline.message}\n` : baselineText(file, baseline, shape),
        )
        .join('\n');
    },
  },
  compare: {
    runs: 2,
    async do(a, b) {
      const [before, after] = [await readRun(reports, a!), await readRun(reports, b!)];
      const others = (await baselines.runs(before.key)).filter(({ runId }) => runId !== after.run.runId);
      return comparisonText(before, after, referenceOf(others), shape);
    },
  },
};

const [name = '', ...runs] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (!command || command.runs !== runs.length) {
  console.error(
    `"npm run baseline -- ${[name, ...runs].join(' ')}" is not understood; allowed: accept <run>, show, compare <a> <b>.`,
  );
  process.exit(1);
}
try {
  process.stdout.write(await command.do(...runs));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
