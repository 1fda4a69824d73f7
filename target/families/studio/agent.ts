import { invalid } from '../../core/api-error.ts';
import { object, oneOf, text, wholeNumber } from '../../core/fields.ts';
import { type Kind, optionalText, type Resource, readPresent, STATUSES, type Status } from './resource.ts';

/** An agent as it is stored, and as it travels. */
export interface Agent extends Resource {
  workspace_id: string;
  name: string;
  agent_type: (typeof TYPES)[number];
  model_id: string;
  description: string;
  system_prompt: string;
  /** 0 to 2. */
  temperature: number;
  /** 0: no limit. */
  max_tokens: number;
  status: Status;
  created_at: Date;
  updated_at: Date;
}

type Changes = Pick<
  Agent,
  'name' | 'description' | 'system_prompt' | 'model_id' | 'temperature' | 'max_tokens' | 'status'
>;
type NewAgent = Omit<Changes, 'status'> & Pick<Agent, 'workspace_id' | 'agent_type'>;

const TYPES = ['chat', 'task', 'pipeline', 'custom'] as const;
const DEFAULT_TEMPERATURE = 0.7;
const MAX_TOKENS = 1_000_000;
const COMMON = ['name', 'description', 'system_prompt', 'model_id', 'temperature', 'max_tokens'] as const;

export const AGENTS: Kind = {
  noun: 'agent',
  table: 'tandem.agents',
  columns:
    'id, organization_id, workspace_id, name, agent_type, model_id, description, system_prompt, temperature, max_tokens, status, created_at, updated_at',
  created: [...COMMON, 'workspace_id', 'agent_type'],
  updated: [...COMMON, 'status'],
  filters: ['workspace_id', 'status'],
};

const read = {
  name: (value: unknown) => text(value, 'name', 100),
  description: (value: unknown) => optionalText(value, 'description', 2_000),
  system_prompt: (value: unknown) => optionalText(value, 'system_prompt', 10_000),
  model_id: (value: unknown) => text(value, 'model_id', 100),
  temperature,
  max_tokens: (value: unknown) => wholeNumber(value, 'max_tokens', 0, MAX_TOKENS),
  status: (value: unknown) => oneOf(value, 'status', STATUSES),
};

/** Reads what is to be created. @throws {ApiError} 400 naming the field */
export function parseNewAgent(value: unknown): NewAgent {
  const agent = object(value, 'The body');
  return {
    workspace_id: text(agent.workspace_id, 'workspace_id'),
    name: read.name(agent.name),
    agent_type: oneOf(agent.agent_type, 'agent_type', TYPES),
    model_id: read.model_id(agent.model_id),
    description: read.description(agent.description),
    system_prompt: read.system_prompt(agent.system_prompt),
    temperature: temperature(agent.temperature ?? DEFAULT_TEMPERATURE),
    max_tokens: read.max_tokens(agent.max_tokens ?? 0),
  };
}

/** Reads what is to be changed; what cannot be is passed over. @throws {ApiError} 400 naming the field */
export function parseAgentChanges(value: unknown): Partial<Changes> {
  const changes = readPresent<Changes>(object(value, 'The body'), read);
  if (Object.keys(changes).length === 0) throw invalid(`The body must have one of ${Object.keys(read).join(', ')}.`);
  return changes;
}

function temperature(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 2))
    throw invalid('temperature must be a number from 0 to 2.');
  return value;
}
