import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphDraft } from './graph.ts';

const input = { node_type: 'input', label: 'Question', agent_id: '' };
const output = { node_type: 'output', label: 'Answer', agent_id: '' };

test('nodes get ids of their own and places beside each other', () => {
  const draft = new GraphDraft({ nodes: [], connections: [] });
  for (let count = 0; count < 6; count++) draft.add(input);
  assert.equal(new Set(draft.nodes.map(({ id }) => id)).size, 6);
  const places = new Set(draft.nodes.map(({ position_x, position_y }) => `${position_x}/${position_y}`));
  assert.equal(places.size, 6);
});

test('a connection leads from one node to another, once, and can be taken away', () => {
  const draft = new GraphDraft({ nodes: [], connections: [] });
  draft.add(input);
  draft.add(output);
  const [first, second] = draft.nodes.map(({ id }) => id) as [string, string];
  assert.equal(draft.connect(first, first), 'A node cannot lead to itself.');
  assert.equal(draft.connect(first, second), '');
  assert.equal(draft.connect(first, second), 'These nodes are connected already.');
  assert.equal(draft.connect(second, first), '');
  assert.deepEqual(
    draft.connections.map((each) => `${draft.labelOf(each.source_node_id)} → ${draft.labelOf(each.target_node_id)}`),
    ['Question → Answer', 'Answer → Question'],
  );
  draft.disconnect(draft.connections[0]!);
  assert.deepEqual(draft.graph.connections, [{ source_node_id: second, target_node_id: first }]);
});

test('what was loaded is not changed by what is drawn', () => {
  const loaded = { nodes: [], connections: [] };
  new GraphDraft(loaded).add(input);
  assert.deepEqual(loaded.nodes, []);
});
