import type { Connection, Graph, Node } from './api.ts';

/** Where nodes are put: so many in a row, so far apart. */
const IN_A_ROW = 4;
const STEP_X = 190;
const STEP_Y = 90;

/** A pipeline's graph while it is drawn. */
export class GraphDraft {
  readonly #nodes: Node[];
  readonly #connections: Connection[];

  constructor({ nodes, connections }: Graph) {
    this.#nodes = [...nodes];
    this.#connections = [...connections];
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get connections(): readonly Connection[] {
    return this.#connections;
  }

  /** What is saved. */
  get graph(): Graph {
    return { nodes: [...this.#nodes], connections: [...this.#connections] };
  }

  /** Puts a node beside the others. */
  add(node: Pick<Node, 'node_type' | 'label' | 'agent_id'>): void {
    const at = this.#nodes.length;
    const position = { position_x: (at % IN_A_ROW) * STEP_X, position_y: Math.floor(at / IN_A_ROW) * STEP_Y };
    this.#nodes.push({ id: crypto.randomUUID(), ...node, ...position });
  }

  /** Leads from one node to another. Returns why it cannot, empty when it does. */
  connect(source: string, target: string): string {
    if (source === target) return 'A node cannot lead to itself.';
    const isThere = this.#connections.some(
      ({ source_node_id, target_node_id }) => source_node_id === source && target_node_id === target,
    );
    if (isThere) return 'These nodes are connected already.';
    this.#connections.push({ source_node_id: source, target_node_id: target });
    return '';
  }

  disconnect(connection: Connection): void {
    this.#connections.splice(this.#connections.indexOf(connection), 1);
  }

  labelOf(id: string): string {
    return this.#nodes.find((node) => node.id === id)?.label ?? '?';
  }
}
