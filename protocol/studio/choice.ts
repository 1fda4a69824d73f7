import type { Vu } from '../../support/test.ts';
import { studioSettings } from '../apis/studio/settings.ts';
import { agents, type Content, type Kind, pipelines } from './api.ts';

/** A change of a resource: some of its fields, or a pipeline's graph. */
export interface Change {
  isGraph: boolean;
  content: Content;
}

/** What a VU makes and changes of a kind. What it writes is found in it again, so names and texts are not ASCII alone. */
export interface Choice {
  kind: Kind;
  spec(vu: Vu, name: string): Content;
  change(vu: Vu): Change;
}

const STATUSES = ['draft', 'active'];
const AGENT_TYPES = ['chat', 'task', 'pipeline', 'custom'];
const PATTERNS = ['sequential', 'parallel', 'router', 'supervisor', 'ensemble'];

const text = ({ random }: Vu) => `Answers briefly – 简短地回答 №${random.int(1, 1_000_000)}`;

export const agentChoice: Choice = {
  kind: agents,
  spec: (vu, name) => ({
    workspace_id: studioSettings(vu.target).workspace,
    name,
    agent_type: vu.random.pick(AGENT_TYPES),
    model_id: studioSettings(vu.target).model,
    description: text(vu),
    system_prompt: text(vu),
  }),
  change: (vu) => ({ isGraph: false, content: { description: text(vu), status: vu.random.pick(STATUSES) } }),
};

export const pipelineChoice: Choice = {
  kind: pipelines,
  spec: (vu, name) => ({
    workspace_id: studioSettings(vu.target).workspace,
    name,
    pattern: vu.random.pick(PATTERNS),
    description: text(vu),
    status: 'draft',
  }),
  change: (vu) =>
    vu.random() < 0.5
      ? { isGraph: false, content: { description: text(vu), status: vu.random.pick(STATUSES) } }
      : { isGraph: true, content: graph(vu) },
};

/** Steps that follow each other. */
function graph(vu: Vu): Content {
  const types = ['input', ...Array.from({ length: vu.random.int(1, 4) }, () => 'condition'), 'output'];
  const nodes = types.map((node_type, place) => ({
    id: `node-${place}`,
    node_type,
    label: text(vu),
    position_x: 200 * place,
    position_y: 0,
  }));
  const connections = nodes.slice(1).map(({ id }, place) => ({ source_node_id: nodes[place]!.id, target_node_id: id }));
  return { nodes, connections };
}
