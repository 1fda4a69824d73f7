import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../support/input/duration.ts';
import { parseExpression, parseSelector } from '../support/judge/expression.ts';
import { samplesNeeded } from '../support/judge/thresholds.ts';
import { builtinMetrics } from '../support/measure/metrics.ts';
import { profileText, workflowText } from './scaffold.ts';

interface Written {
  calm?: string;
  scenarios: Record<string, { rate: number; timeUnit?: string; duration?: string }>;
  thresholds: Record<string, string[]>;
}

test('the first profile has as many samples as each of its thresholds needs', () => {
  for (const known of [{ load: 'requests', journey: 'visit' }, { load: 'requests' }, { journey: 'visit' }]) {
    const { calm = '0s', scenarios, thresholds }: Written = JSON.parse(profileText(known));
    const loadMs = parseDuration(Object.values(scenarios).find(({ duration }) => duration)!.duration!)!;
    for (const [selector, expressions] of Object.entries(thresholds)) {
      const { metric, tags } = parseSelector(selector)!;
      const { rate, timeUnit = '1s', duration } = scenarios[(tags.scenario ?? tags.journey)!]!;
      // Journeys last as long as all there is.
      const ms = duration === undefined ? parseDuration(calm)! + loadMs : parseDuration(duration)!;
      const planned = (rate * ms) / parseDuration(timeUnit)!;
      const { type } = builtinMetrics[metric as keyof typeof builtinMetrics];
      for (const one of expressions) {
        const needed = samplesNeeded(parseExpression(one)!, type);
        assert.ok(planned >= needed, `${selector} ${one}: ${planned} of ${needed}`);
      }
    }
  }
});

test('in CI the tests sign in before the load does', () => {
  const text = workflowText('load', 'pnpm', undefined, ['set up']);
  assert.match(
    text,
    /run: pnpm exec playwright test --project="set up"\n {6}- run: pnpm exec playwright test -c load --project=smoke\n/,
  );
  assert.equal(workflowText('load', 'npm', undefined).match(/playwright test/g)!.length, 1);
});
