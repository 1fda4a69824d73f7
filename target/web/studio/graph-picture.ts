import type { Node } from './api.ts';
import type { GraphDraft } from './graph.ts';
import { svg } from './svg.ts';

const NODE_WIDTH = 150;
const NODE_HEIGHT = 50;
const MARGIN = 20;
const MAX_LABEL = 18;

/** A picture of a graph: nodes as boxes, connections as arrows. */
export function graphPicture({ nodes, connections }: GraphDraft): SVGElement {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const width = Math.max(0, ...nodes.map((node) => node.position_x)) + NODE_WIDTH + 2 * MARGIN;
  const height = Math.max(0, ...nodes.map((node) => node.position_y)) + NODE_HEIGHT + 2 * MARGIN;
  const tip = svg('path', { d: 'M0 0 L8 4 L0 8 z' });
  const arrow = svg('marker', { id: 'arrow', markerWidth: 8, markerHeight: 8, refX: 8, refY: 4, orient: 'auto' }, tip);
  const lines = connections.flatMap(({ source_node_id, target_node_id }) => {
    const [source, target] = [byId.get(source_node_id), byId.get(target_node_id)];
    return source && target ? [line(source, target)] : [];
  });
  return svg('svg', { width, height }, svg('defs', {}, arrow), ...nodes.map(box), ...lines);
}

function box({ label, node_type, position_x, position_y }: Node): SVGElement {
  const [x, y] = [position_x + MARGIN, position_y + MARGIN];
  const shown = label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label;
  return svg(
    'g',
    {},
    svg('rect', { x, y, width: NODE_WIDTH, height: NODE_HEIGHT, rx: 8 }),
    svg('text', { x: x + 10, y: y + 21 }, shown),
    svg('text', { x: x + 10, y: y + 39, opacity: 0.7 }, node_type),
  );
}

/** From the side of one box to the side of the other that it faces. */
function line(source: Node, target: Node): SVGElement {
  const [dx, dy] = [target.position_x - source.position_x, target.position_y - source.position_y];
  // Boxes of one column are above each other.
  const [sideX, sideY] = dx === 0 ? [0, Math.sign(dy)] : [Math.sign(dx), 0];
  const [halfX, halfY] = [(NODE_WIDTH / 2) * sideX, (NODE_HEIGHT / 2) * sideY];
  const centre = (node: Node) =>
    [node.position_x + MARGIN + NODE_WIDTH / 2, node.position_y + MARGIN + NODE_HEIGHT / 2] as const;
  const [[x1, y1], [x2, y2]] = [centre(source), centre(target)];
  return svg('line', { x1: x1 + halfX, y1: y1 + halfY, x2: x2 - halfX, y2: y2 - halfY });
}
