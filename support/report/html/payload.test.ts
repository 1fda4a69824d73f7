import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleRun } from '../record.fixture.ts';
import { exampleVerdict, reason } from '../verdict.fixture.ts';
import { payloadOf } from './payload.ts';

test('the charts begin with the scenario of the worst reason that has one, else with that which did most', () => {
  const chosen = (reasons: ReturnType<typeof reason>[]) => {
    const { verdict, record } = exampleRun({ reasons });
    const { scopes, chosen: at } = payloadOf(verdict, record);
    return scopes[at]?.name;
  };
  const [crossed] = exampleVerdict().reasons;
  const failing = { what: 'scenario', journey: true, tries: 9, failed: 9, errors: [] } as const;
  const never = reason({ kind: 'no-success', severity: 'fail', ...failing, scenarios: ['light'], errors: [] });
  const nowhere = reason({ kind: 'nothing-measured', severity: 'invalid' });
  assert.equal(chosen([never, crossed!]), 'light');
  assert.equal(chosen([nowhere, crossed!, never]), 'sync-relay');
  assert.equal(chosen([nowhere]), 'sync-relay');
});
