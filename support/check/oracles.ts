import type { Evidence, OracleResult } from '../measure/evidence.ts';
import { convergence, type ReplicaEvidence } from './convergence.ts';
import { type DeliveryEvidence, eventDelivery } from './delivery.ts';
import { type MigrationEvidence, migrationContinuity } from './migrations.ts';
import { type ScreenEvidence, screen } from './screen.ts';
import { type VmEvidence, vmLifecycle } from './vms.ts';
import { acknowledgedWrites, type DeviceEvidence } from './writes.ts';

/** From everything that the slices brought to what it means. */
type Judgement = (evidence: never[]) => Omit<OracleResult, 'name'>;

/** Every oracle there is, by the name under which slices hand in evidence. */
const oracles = {
  'acknowledged-writes': (evidence: DeviceEvidence[]) => acknowledgedWrites(evidence),
  convergence: (evidence: ReplicaEvidence[]) => convergence(evidence),
  'event-delivery': (evidence: DeliveryEvidence[]) => eventDelivery(evidence),
  'migration-continuity': (evidence: MigrationEvidence[]) => migrationContinuity(evidence),
  screen: (evidence: ScreenEvidence[]) => screen(evidence),
  'vm-lifecycle': (evidence: VmEvidence[]) => vmLifecycle(evidence),
} satisfies Record<string, Judgement>;

export type OracleName = keyof typeof oracles;

/**
 * Runs each oracle that a scenario of the run promises evidence for, over the joined evidence of all slices.
 * An oracle that throws, or gets nothing, is unknown: nobody saw that the promise was kept. One that does not
 * apply (slices hand in null, and none a piece) is left out.
 * @param promised names of oracles
 * @param judgements for tests
 */
export function consult(
  promised: Iterable<string>,
  slices: Evidence[],
  judgements: Record<string, Judgement> = oracles,
): OracleResult[] {
  return [...new Set(promised)].sort().flatMap((name) => {
    const evidence = slices.flatMap((slice) => slice[name] ?? []);
    if (evidence.length === 0 && slices.some((slice) => slice[name] === null)) return [];
    const unknown = (why: string): OracleResult => ({
      name,
      checked: 0,
      violations: 0,
      examples: [why],
      status: 'unknown',
    });
    const judgement = judgements[name];
    if (!judgement) return unknown('there is no oracle of this name');
    if (evidence.length === 0) return unknown('no slice brought evidence');
    try {
      return { name, ...judgement(evidence as never[]) };
    } catch (error) {
      return unknown(`the oracle crashed: ${(error as Error).message}`);
    }
  });
}
