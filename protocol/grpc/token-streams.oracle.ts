import { oracle } from '../../support/test.ts';
import type { StreamsEvidence } from './assistant.ts';

oracle('token-streams', {
  promise: 'The tokens of a stream come in their turn, none is missing, and they add up to its final text.',
  judge(evidence: StreamsEvidence[]) {
    const sum = (of: 'ended' | 'broken') => evidence.reduce((total, one) => total + one[of], 0);
    return {
      checked: sum('ended'),
      violations: sum('broken'),
      examples: evidence.flatMap(({ examples }) => examples).slice(0, 10),
    };
  },
});
