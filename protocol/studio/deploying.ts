import type { Vu } from '../../support/test.ts';
import { studioSettings } from '../apis/studio/settings.ts';
import type { Builder } from './studio.ts';

/** One in so many deployments is the last of its agent, which is deleted with them: nobody else can delete those. */
const PER_AGENT = 20;

/** Deploys an agent that there is, or one that is made for it. */
export async function deploy({ member, own }: Builder, vu: Vu): Promise<void> {
  const agent = await own.any();
  if (agent === undefined) return;
  await member.api.deploy(agent, studioSettings(vu.target).gateway);
  if (vu.random.int(1, PER_AGENT) === 1) await own.delete();
}
