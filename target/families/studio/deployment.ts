import { object, text } from '../../core/fields.ts';
import { type Kind, optionalText, type Resource } from './resource.ts';

const PENDING_MS = 4_000;
/** From its creation. */
const DEPLOYED_AFTER_MS = 20_000;

/** A deployment as it travels. */
export interface Deployment extends Resource {
  agent_id: string;
  /** As it was given; it is not looked up. */
  agent_version_id: string | null;
  gateway_id: string;
  /** It goes on by itself, until it is `active`. */
  status: 'pending' | 'deploying' | 'active' | 'stopped';
  created_at: Date;
  updated_at: Date;
  /** When it became active, or will. */
  deployed_at: Date;
  stopped_at: Date | null;
}

/** @param timeScale how long a deployment takes, as a share of 20 s */
export function deployments(timeScale: number): Kind {
  const after = (ms: number) => `created_at + interval '${ms * timeScale} milliseconds'`;
  return {
    noun: 'deployment',
    table: 'tandem.deployments',
    columns: `id, organization_id, agent_id, agent_version_id, gateway_id, CASE
      WHEN stopped_at IS NOT NULL THEN 'stopped'
      WHEN clock_timestamp() < ${after(PENDING_MS)} THEN 'pending'
      WHEN clock_timestamp() < ${after(DEPLOYED_AFTER_MS)} THEN 'deploying'
      ELSE 'active'
    END AS status, created_at, updated_at, ${after(DEPLOYED_AFTER_MS)} AS deployed_at, stopped_at`,
    created: ['agent_id', 'agent_version_id', 'gateway_id'],
    updated: ['stopped_at'],
    filters: ['agent_id'],
  };
}

/** Reads what is to be deployed. @throws {ApiError} 400 naming the field */
export function parseNewDeployment(value: unknown): Pick<Deployment, 'agent_id' | 'agent_version_id' | 'gateway_id'> {
  const deployment = object(value, 'The body');
  return {
    agent_id: text(deployment.agent_id, 'agent_id'),
    agent_version_id: optionalText(deployment.agent_version_id, 'agent_version_id', 200) || null,
    gateway_id: text(deployment.gateway_id, 'gateway_id'),
  };
}
