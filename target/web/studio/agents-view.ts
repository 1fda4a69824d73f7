import { byId, control, element, type Row, setOptions, setText } from '../dom.ts';
import { ask, askToDelete, button, onPress } from '../row-buttons.ts';
import { AGENT_TYPES, type Agent, GATEWAYS, MODELS, STATUSES } from './api.ts';
import type { Context, View } from './context.ts';
import { creates } from './creation.ts';
import { PagedList } from './paged-list.ts';

/** The agents: creating, editing, deploying and deleting them. */
export class AgentsView implements View {
  readonly #context: Context;
  readonly #list: PagedList<Agent>;
  readonly #edit = byId<HTMLFormElement>('agent-edit');
  #edited: Agent | undefined;

  /** @param onDeployed is called when an agent is being deployed */
  constructor(context: Context, onDeployed: () => void) {
    const { api, signal } = context;
    this.#context = context;
    this.#list = new PagedList<Agent>(
      {
        container: byId('agent-list'),
        noun: 'agent',
        headings: ['Name', 'Type', 'Status', 'Actions'],
        read: (page) => api.agents(page),
        row: () =>
          new AgentRow({
            edit: (agent) => this.#open(agent),
            deploy: (agent, gateway) =>
              this.#list.act(`${agent.name} was not deployed.`, async () => {
                await api.deploy(agent.id, gateway);
                onDeployed();
              }),
            remove: (agent) => this.#list.act(`${agent.name} was not deleted.`, () => api.removeAgent(agent.id)),
          }),
      },
      context,
    );
    const form = byId<HTMLFormElement>('agent-form');
    const [type, model] = [
      control<HTMLSelectElement>(form, 'agent_type'),
      control<HTMLSelectElement>(form, 'model_id'),
    ];
    setOptions(type, AGENT_TYPES.map(asOption));
    setOptions(model, MODELS.map(asOption));
    setOptions(control<HTMLSelectElement>(this.#edit, 'status'), STATUSES.map(asOption));
    creates(form, context, async (name) => {
      await api.createAgent({ name, agent_type: type.value, model_id: model.value });
      this.#list.loadFirst();
    });
    this.#edit.addEventListener('submit', (event) => void this.#save(event), { signal });
    byId('agent-edit-cancel').addEventListener('click', () => this.#close(), { signal });
  }

  show(): void {
    this.#list.load();
  }

  hide(): void {}

  #open(agent: Agent): void {
    this.#edited = agent;
    setText(byId('agent-edit-title'), `Edit ${agent.name}`);
    this.#edit.setAttribute('aria-label', `Edit ${agent.name}`);
    for (const name of ['name', 'description', 'system_prompt', 'status'] as const) {
      control(this.#edit, name).value = agent[name];
    }
    setText(byId('agent-edit-error'), '');
    this.#edit.hidden = false;
    control(this.#edit, 'name').focus();
  }

  #close(): void {
    this.#edited = undefined;
    this.#edit.hidden = true;
    byId('agents-title').focus();
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!this.#edited) return;
    const value = (name: string) => control(this.#edit, name).value.trim();
    const changes = {
      name: value('name'),
      description: value('description'),
      system_prompt: value('system_prompt'),
      status: value('status'),
    };
    try {
      await this.#context.api.updateAgent(this.#edited.id, changes);
      this.#close();
      this.#list.load();
    } catch (error) {
      setText(byId('agent-edit-error'), this.#context.failed(error));
    }
  }
}

interface Orders {
  edit(agent: Agent): void;
  deploy(agent: Agent, gateway: string): void;
  remove(agent: Agent): void;
}

class AgentRow implements Row<Agent> {
  readonly node: HTMLTableRowElement;
  readonly #orders: Orders;
  readonly #name = element('span', 'name');
  readonly #model = element('small', 'muted');
  readonly #type = element('td', '');
  readonly #status = element('span', 'pill');
  readonly #edit = button('Edit');
  readonly #deploy = button('Deploy');
  readonly #remove = button('Delete');
  readonly #buttons = element('div', 'buttons', this.#edit, this.#deploy, this.#remove);
  #agent: Agent | undefined;

  constructor(orders: Orders) {
    this.#orders = orders;
    const name = element('th', '', this.#name, this.#model);
    name.scope = 'row';
    const actions = element('td', 'actions', this.#buttons);
    this.node = element('tr', '', name, this.#type, element('td', '', this.#status), actions);
    onPress(this.#edit, () => orders.edit(this.#agent!));
    onPress(this.#deploy, () => this.#askGateway(this.#agent!));
    onPress(this.#remove, () => {
      const agent = this.#agent!;
      askToDelete(this.#buttons, this.#remove, () => orders.remove(agent));
    });
  }

  update(agent: Agent): void {
    this.#agent = agent;
    setText(this.#name, agent.name);
    setText(this.#model, agent.model_id);
    setText(this.#type, agent.agent_type);
    setText(this.#status, agent.status);
    this.#status.dataset.status = agent.status;
    for (const each of [this.#edit, this.#deploy, this.#remove]) {
      each.setAttribute('aria-label', `${each.textContent} ${agent.name}`);
    }
  }

  #askGateway(agent: Agent): void {
    const select = element('select', '');
    select.append(...GATEWAYS.map((gateway) => new Option(gateway)));
    select.setAttribute('aria-label', `Gateway of ${agent.name}`);
    ask({
      buttons: this.#buttons,
      asked: this.#deploy,
      fields: [select],
      yes: 'Deploy',
      onYes: () => this.#orders.deploy(agent, select.value),
    });
    select.focus();
  }
}

const asOption = (value: string) => ({ value, label: value });
