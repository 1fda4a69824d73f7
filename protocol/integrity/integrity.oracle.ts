import { oracle } from '../../support/test.ts';
import type { PartEvidence } from './inspector.ts';

oracle('integrity', {
  promise:
    'What was acknowledged, the API, its events and the database say the same of replicas, VMs, agents and transfers, also after a fault; a backup that is restored is equal to its database.',
  judge(evidence: PartEvidence[], { isWhole }) {
    const names = [...new Set(evidence.map(({ part }) => part))];
    const checksOf = (name: string) =>
      evidence.reduce((sum, { part, checks }) => sum + (part === name ? checks : 0), 0);
    const counts = Object.fromEntries(names.map((name) => [name, checksOf(name)]));
    const checked = evidence.reduce((sum, { checks }) => sum + checks, 0);
    const passed = evidence.reduce((sum, one) => sum + one.passed, 0);
    // A report shows the first ones: some of each part.
    const most = Math.max(0, ...evidence.map(({ examples }) => examples.length));
    const differing = Array.from({ length: most }, (_, n) =>
      evidence.flatMap(({ examples }) => examples[n] ?? []),
    ).flat();
    // A part that the target has, and that nobody could look at, or not in the end.
    const unseen = isWhole ? evidence.filter(({ part, isUnseen }) => isUnseen || counts[part] === 0) : [];
    return {
      checked,
      violations: checked - passed,
      examples: passed < checked ? differing : unseen.map(({ part, why }) => ({ part, why })),
      ...(passed === checked && unseen.length > 0 && { status: 'unknown' as const }),
      counts,
      summary: `${checked} checks, ${passed} passed`,
    };
  },
});
