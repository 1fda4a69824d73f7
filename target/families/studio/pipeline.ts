import { invalid } from '../../core/api-error.ts';
import { type JsonObject, object, oneOf, text } from '../../core/fields.ts';
import { type Kind, optionalText, type Resource, readPresent, STATUSES, type Status } from './resource.ts';

/** A step of a pipeline; its id is the client's, and of this pipeline alone. What else a client keeps in it stays there. */
export interface Node {
  id: string;
  node_type: (typeof NODE_TYPES)[number];
  /** Empty of one that is no agent's. */
  agent_id: string;
  label: string;
  position_x: number;
  position_y: number;
}

/** What leads from one node to another. */
export interface Connection {
  source_node_id: string;
  target_node_id: string;
}

export interface Graph {
  nodes: Node[];
  connections: Connection[];
}

/** A pipeline as it is stored, and as it travels. */
export interface Pipeline extends Resource, Graph {
  workspace_id: string;
  name: string;
  pattern: (typeof PATTERNS)[number];
  description: string;
  status: Status;
  created_at: Date;
  updated_at: Date;
}

type Changes = Pick<Pipeline, 'name' | 'pattern' | 'description' | 'status'>;

const PATTERNS = ['sequential', 'parallel', 'router', 'supervisor', 'ensemble'] as const;
const NODE_TYPES = ['agent', 'input', 'output', 'condition', 'merge'] as const;
const MAX_NODES = 200;
const MAX_CONNECTIONS = 1_000;
const MAX_POSITION = 100_000;
const COMMON = ['name', 'pattern', 'description', 'status'] as const;

const LISTED = 'id, organization_id, workspace_id, name, pattern, description, status, created_at, updated_at';

export const PIPELINES: Kind = {
  noun: 'pipeline',
  table: 'tandem.pipelines',
  columns: `${LISTED}, nodes, connections`,
  listed: LISTED,
  created: [...COMMON, 'workspace_id'],
  updated: [...COMMON, 'nodes', 'connections'],
  filters: ['workspace_id', 'status'],
};

const read = {
  name: (value: unknown) => text(value, 'name'),
  pattern: (value: unknown) => oneOf(value, 'pattern', PATTERNS),
  description: (value: unknown) => optionalText(value, 'description', 2_000),
  status: (value: unknown) => oneOf(value, 'status', STATUSES),
};

/** Reads what is to be created. @throws {ApiError} 400 naming the field */
export function parseNewPipeline(value: unknown): Changes & Pick<Pipeline, 'workspace_id'> {
  const pipeline = object(value, 'The body');
  return {
    workspace_id: text(pipeline.workspace_id, 'workspace_id'),
    name: read.name(pipeline.name),
    pattern: read.pattern(pipeline.pattern),
    description: read.description(pipeline.description),
    status: read.status(pipeline.status ?? 'draft'),
  };
}

/** Reads what is to be changed; what cannot be is passed over. @throws {ApiError} 400 naming the field */
export function parsePipelineChanges(value: unknown): Partial<Changes> {
  const changes = readPresent<Changes>(object(value, 'The body'), read);
  if (Object.keys(changes).length === 0) throw invalid(`The body must have one of ${Object.keys(read).join(', ')}.`);
  return changes;
}

/** Reads a whole graph: its nodes have ids of their own, its connections lead from node to node. @throws {ApiError} 400 */
export function parseGraph(value: unknown): Graph {
  const body = object(value, 'The body');
  const nodes = list(body.nodes, 'nodes', MAX_NODES).map(parseNode);
  const ids = new Set(nodes.map(({ id }) => id));
  if (ids.size < nodes.length) throw invalid('nodes must have ids of their own.');
  const connections = list(body.connections, 'connections', MAX_CONNECTIONS).map((each, index) => {
    const at = `connections[${index}].`;
    const connection = object(each, at.slice(0, -1));
    return {
      ...connection,
      source_node_id: oneOfNodes(connection.source_node_id, `${at}source_node_id`, ids),
      target_node_id: oneOfNodes(connection.target_node_id, `${at}target_node_id`, ids),
    };
  });
  return { nodes, connections };
}

function parseNode(value: unknown, index: number): Node {
  const at = `nodes[${index}].`;
  const node = object(value, at.slice(0, -1));
  return {
    ...node,
    id: text(node.id, `${at}id`),
    node_type: oneOf(node.node_type, `${at}node_type`, NODE_TYPES),
    agent_id: optionalText(node.agent_id, `${at}agent_id`, 200),
    label: text(node.label, `${at}label`),
    position_x: position(node, 'position_x', at),
    position_y: position(node, 'position_y', at),
  };
}

function position(node: JsonObject, field: string, at: string): number {
  const value = node[field] ?? 0;
  if (typeof value !== 'number' || !(Math.abs(value) <= MAX_POSITION)) {
    throw invalid(`${at}${field} must be a number from -${MAX_POSITION} to ${MAX_POSITION}.`);
  }
  return value;
}

function oneOfNodes(value: unknown, field: string, ids: ReadonlySet<string>): string {
  const id = text(value, field);
  if (!ids.has(id)) throw invalid(`${field} must be the id of a node.`);
  return id;
}

function list(value: unknown, field: string, maxLength: number): unknown[] {
  if (!Array.isArray(value) || value.length > maxLength) {
    throw invalid(`${field} must be a list of at most ${maxLength} entries.`);
  }
  return value;
}
