/** What a profile asks beside its thresholds: each answer is a file of its own, and one line in each list here. */
import type { Answers } from '../profile/answers.ts';
import { judgeAvailability } from './availability.ts';
import { judgeCapacity, openCapacity } from './capacity.ts';
import { judgeDrift } from './drift.ts';
import { judgeRecovery } from './recovery.ts';
import type { AvailabilityResult, CapacityResult, DriftResult, RecoveryResult, SearchEnd } from './results.ts';
import type { Finding } from './verdict.ts';
import type { Course, Objective } from './windows.ts';

export interface AnswerResults {
  availability?: AvailabilityResult;
  recovery?: RecoveryResult;
  capacity?: CapacityResult;
  drift?: DriftResult[];
}

/** What windows have to meet. */
export function objectivesOf(asked: Answers | undefined): Objective[] {
  return Object.entries(asked?.objectives ?? {}).flatMap(([source, all]) =>
    all.map((expression): Objective => ({ source, expression })),
  );
}

/** @param searchEnd how a search for a capacity ended; undefined when the run did before it */
export function answersOf(asked: Answers | undefined, course: Course, searchEnd?: SearchEnd): AnswerResults {
  if (!asked) return {};
  const { availability, recovery, capacity, drift } = asked;
  const objectives = objectivesOf(asked);
  return {
    ...(availability && { availability: judgeAvailability(availability, objectives, course) }),
    ...(recovery && { recovery: judgeRecovery(recovery, objectives, course) }),
    ...(capacity && { capacity: judgeCapacity(capacity, objectives, course, searchEnd) }),
    ...(drift && { drift: judgeDrift(drift, course) }),
  };
}

/** Of what was missed, or could not be told. A capacity is a figure, and fails nothing: that it is open is told. */
export function answerFindings({ availability, recovery, capacity, drift = [] }: AnswerResults): Finding[] {
  const severity = (decided: boolean) => (decided ? ('fail' as const) : ('invalid' as const));
  const findings: Finding[] = [];
  if (availability && !availability.ok) {
    const { ok: _, decided, ...rest } = availability;
    findings.push({ kind: 'availability', severity: severity(decided), ...rest });
  }
  if (recovery && (!recovery.ok || !recovery.decided)) {
    const { ok: _, decided, ...rest } = recovery;
    findings.push({ kind: 'recovery', severity: severity(decided), ...rest });
  }
  if (capacity?.isOpen) findings.push(openCapacity(capacity));
  for (const { ok, decided, ...rest } of drift) {
    if (!ok || !decided) findings.push({ kind: 'drift', severity: severity(decided), ...rest });
  }
  return findings;
}
