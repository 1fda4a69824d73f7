import { oracle } from '../../support/test.ts';
import type { StreamsEvidence } from './assistant.ts';

oracle('token-streams', {
  promise: 'The tokens of a stream come in their turn, none is missing, and they add up to its final text.',
  judge(evidence: StreamsEvidence[]) {
    const checked = evidence.reduce((sum, { ended }) => sum + ended, 0);
    const count = (of: 'broken' | 'open') => evidence.reduce((sum, one) => sum + one[of].count, 0);
    const examples = (of: 'broken' | 'open') => evidence.flatMap((one) => one[of].examples);
    const [broken, open] = [count('broken'), count('open')];
    // A final text is optional: where no whole stream has one, nobody can tell where a stream should have ended.
    const isTold = checked > broken + open;
    return {
      checked,
      violations: broken + (isTold ? open : 0),
      examples: [...examples('broken'), ...(isTold ? examples('open') : [])].slice(0, 10),
    };
  },
});
