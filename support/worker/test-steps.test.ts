import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepNoSteps } from './test-steps.ts';

type Step = { stepId: string; category: string; steps: Step[]; group?: string };

/** As Playwright keeps a test's steps. */
class SteppingTest {
  readonly steps: Step[] = [];
  readonly told: string[] = [];
  readonly _stepMap = new Map<string, Step>();

  _addStep(data: { category: string }, parent?: Step): Step {
    const step = { ...data, stepId: `${data.category} ${this._stepMap.size}`, steps: [], group: parent?.group };
    (parent?.steps ?? this.steps).push(step);
    this._stepMap.set(step.stepId, step);
    if (!step.group) this.told.push(step.stepId);
    return step;
  }
}

test('of a slice’s calls and expectations none is kept or told of; hooks, fixtures and what is attached are', () => {
  const slice = new SteppingTest();
  keepNoSteps(slice);
  const hook = slice._addStep({ category: 'hook' });
  const group = slice._addStep({ category: 'pw:api' });
  slice._addStep({ category: 'pw:api' }, group);
  slice._addStep({ category: 'expect' });
  slice._addStep({ category: 'test.step' });
  slice._addStep({ category: 'test.attach' }, hook);
  assert.deepEqual(slice.steps, [hook]);
  assert.deepEqual([...slice._stepMap.keys()], ['hook 0', 'test.attach 1']);
  assert.deepEqual(slice.told, ['hook 0', 'test.attach 1']);
  assert.deepEqual([group.steps, hook.steps.length], [[], 1]);
});

test('a test that keeps its steps in another way is left as it is', () => {
  const other = { errors: [] };
  keepNoSteps(other);
  assert.deepEqual(other, { errors: [] });
});
