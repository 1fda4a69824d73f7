/** Of Playwright's `TestInfo` what keeps a test's steps. */
interface SteppingTest {
  _addStep?(data: { category: string }, parent?: object): { stepId: string };
  _stepMap?: Map<string, unknown>;
}

/** Of these there are few, and what is attached belongs to them. */
const kept: ReadonlySet<string> = new Set(['hook', 'fixture', 'test.attach']);

/**
 * Playwright keeps each call and each `expect` of a test until that ends, where it stands and what it was given; so does the runner,
 * which is told of each; and before a further one it looks through all of them. A slice makes millions: none of them is kept or told of.
 */
export function keepNoSteps(test: object): void {
  const own = test as SteppingTest;
  const add = own._addStep?.bind(test);
  if (!add) return;
  own._addStep = (data, parent) => {
    if (kept.has(data.category)) return add(data, parent);
    const step = add(data, { steps: [], group: 'internal' });
    own._stepMap?.delete(step.stepId);
    return step;
  };
}
