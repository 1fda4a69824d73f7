import type { Vu } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import type { Choice } from './choice.ts';
import type { Member } from './member.ts';
import { type Builder, builder, type Studio } from './studio.ts';

/** Metrics of a workflow: those of its calls, and how long each of its steps took, by `{step:login}`. */
export const workflowMetrics = { ...studioMetrics, workflow_step_duration: 'trend' } as const;

/** A builder who has an account, and is not signed in. */
export async function visitingBuilder(vu: Vu, studio: Studio, choice: Choice): Promise<Builder> {
  const made = await builder(vu, studio, choice, 0);
  await made.member.unmeasured(() => made.member.signOut());
  return made;
}

/** A session in which something is made, changed and deleted. */
export function buildingSession({ member, own }: Builder, vu: Vu): Promise<void> {
  return session(vu, member, {
    list: () => own.list(),
    create: () => own.create(),
    update: () => own.update(),
    delete: () => own.delete(),
  });
}

/**
 * A whole session: signs in, does the steps one after the other, and signs out. Where the target lets nobody in, there is nothing
 * more to do.
 */
export async function session(vu: Vu, member: Member, steps: Record<string, () => Promise<unknown>>): Promise<void> {
  const timed = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    const beganAt = performance.now();
    const result = await work();
    vu.add('workflow_step_duration', performance.now() - beganAt, { step });
    return result;
  };
  if (!(await timed('login', () => member.signIn()))) return;
  for (const [step, work] of Object.entries(steps)) await timed(step, work);
  await timed('logout', () => member.signOut());
}
