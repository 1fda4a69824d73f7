import { acknowledgedSet, oracle } from '../../support/test.ts';
import type { ExecutionsEvidence } from './kernel.ts';

oracle('executions', {
  promise: 'Every cell that was executed is in the history of its kernel, as it was, exactly once, in its turn.',
  judge(evidence: ExecutionsEvidence[], run) {
    const found = acknowledgedSet(
      evidence.flatMap(({ written, read }) => [written, read]),
      run,
    );
    // A set may be read twice; a history may not.
    const repeated = evidence.reduce((sum, { read }) => sum + read.duplicates, 0);
    const misplaced = evidence.reduce((sum, one) => sum + one.misplaced.length, 0);
    if (repeated + misplaced === 0) return found;
    const names = evidence.flatMap((one) => [
      ...one.repeated.map((name) => ({ name, isThere: 'more than once' })),
      ...one.misplaced.map((name) => ({ name, isThere: 'out of its turn' })),
    ]);
    return {
      ...found,
      status: 'violated',
      checked: found.checked + repeated,
      violations: found.violations + repeated + misplaced,
      examples: [...names, ...found.examples].slice(0, 10),
    };
  },
});
