import { counted } from '../counts.ts';
import { byId, control, element, setOptions, setText } from '../dom.ts';
import { button, onPress } from '../row-buttons.ts';
import { NODE_TYPES, type Pipeline } from './api.ts';
import type { Context } from './context.ts';
import { GraphDraft } from './graph.ts';
import { graphPicture } from './graph-picture.ts';

/** Agents that a node can be chosen from, the newest. */
const MAX_AGENTS = 100;

type State = 'Saved' | 'Not saved' | 'Saving';

/** Draws the graph of one pipeline. */
export class GraphEditor {
  readonly #context: Context;
  readonly #editor = byId('editor');
  readonly #nodeForm = byId<HTMLFormElement>('node-form');
  readonly #connectionForm = byId<HTMLFormElement>('connection-form');
  readonly #kind = control<HTMLSelectElement>(this.#nodeForm, 'node_type');
  readonly #agent = control<HTMLSelectElement>(this.#nodeForm, 'agent_id');
  #pipeline: Pipeline | undefined;
  #draft = new GraphDraft({ nodes: [], connections: [] });

  constructor(context: Context) {
    const { signal } = context;
    this.#context = context;
    setOptions(
      this.#kind,
      NODE_TYPES.map((type) => ({ value: type, label: type })),
    );
    this.#kind.addEventListener('input', () => this.#askForAgent(), { signal });
    this.#nodeForm.addEventListener('submit', (event) => this.#add(event), { signal });
    this.#connectionForm.addEventListener('submit', (event) => this.#connect(event), { signal });
    byId('save-graph').addEventListener('click', () => void this.#save(), { signal });
    byId('close-editor').addEventListener('click', () => this.close(), { signal });
  }

  /** @throws {HttpError} */
  async open(pipeline: Pipeline): Promise<void> {
    const { api } = this.#context;
    const [graph, agents] = await Promise.all([api.graph(pipeline.id), api.agents(1, MAX_AGENTS)]);
    this.#pipeline = pipeline;
    this.#draft = new GraphDraft(graph);
    setOptions(
      this.#agent,
      agents.rows.map(({ id, name }) => ({ value: id, label: name })),
    );
    setText(byId('editor-title'), `Graph of ${pipeline.name}`);
    this.#askForAgent();
    this.#render('Saved');
    this.#editor.hidden = false;
    control(this.#nodeForm, 'label').focus();
  }

  close(): void {
    this.#pipeline = undefined;
    this.#editor.hidden = true;
  }

  /** Closes if it is open for this pipeline, which is gone. */
  closeFor(pipeline: Pipeline): void {
    if (this.#pipeline?.id === pipeline.id) this.close();
  }

  /** Only a node of the kind `agent` has an agent. */
  #askForAgent(): void {
    this.#agent.disabled = this.#kind.value !== 'agent';
  }

  #add(event: SubmitEvent): void {
    event.preventDefault();
    const label = control(this.#nodeForm, 'label');
    const agentId = this.#agent.disabled ? '' : this.#agent.value;
    this.#draft.add({ node_type: this.#kind.value, label: label.value.trim(), agent_id: agentId });
    label.value = '';
    this.#render('Not saved');
    label.focus();
  }

  #connect(event: SubmitEvent): void {
    event.preventDefault();
    const end = (name: string) => control<HTMLSelectElement>(this.#connectionForm, name).value;
    const problem = this.#draft.connect(end('source'), end('target'));
    if (problem === '') this.#render('Not saved');
    else setText(byId('graph-error'), problem);
  }

  async #save(): Promise<void> {
    if (!this.#pipeline) return;
    this.#render('Saving');
    try {
      await this.#context.api.saveGraph(this.#pipeline.id, this.#draft.graph);
      this.#render('Saved');
    } catch (error) {
      this.#render('Not saved');
      setText(byId('graph-error'), `The graph was not saved. ${this.#context.failed(error)}`);
    }
  }

  #render(state: State): void {
    const { nodes, connections } = this.#draft;
    setText(byId('graph-error'), '');
    setText(byId('graph-state'), state);
    byId('graph-state').dataset.state = state === 'Saved' ? 'saved' : 'changed';
    setText(byId('graph-caption'), `${counted(nodes.length, 'node')}, ${counted(connections.length, 'connection')}`);
    byId('graph').replaceChildren(graphPicture(this.#draft));
    const ends = nodes.map(({ id, label }) => ({ value: id, label }));
    for (const name of ['source', 'target']) setOptions(control<HTMLSelectElement>(this.#connectionForm, name), ends);
    byId('connection-list').replaceChildren(
      ...connections.map((connection) => {
        const { source_node_id, target_node_id } = connection;
        const text = `${this.#draft.labelOf(source_node_id)} → ${this.#draft.labelOf(target_node_id)}`;
        const remove = button('Remove');
        remove.setAttribute('aria-label', `Remove ${text}`);
        onPress(remove, () => {
          this.#draft.disconnect(connection);
          this.#render('Not saved');
        });
        return element('li', '', element('span', '', text), remove);
      }),
    );
  }
}
