import { createHash } from 'node:crypto';
import { secret } from '../secrets/secrets.ts';

/** What a person signs up and signs in with. The password is known as a secret. */
export interface Account {
  email: string;
  password: string;
  name: string;
  organization: string;
}

/**
 * The account of a session slot: the same in every process of a run, so that protocol workers find what a person in a
 * browser has, and another one in every run.
 * @param journey the scenario's name
 * @param slot counts from 0 over the whole journey
 */
export function accountOf(runId: string, journey: string, slot: number): Account {
  const who = `${journey}-${slot}`;
  const digest = createHash('sha256').update(`${runId}/${who}`).digest('hex');
  return {
    email: `${who}-${digest.slice(0, 12)}@tandem.test`,
    password: secret(`pw-${digest.slice(12, 32)}`),
    name: `${journey} ${slot}`,
    organization: 'Tandem',
  };
}
