import { byId, element, type Row, setText } from '../dom.ts';
import { button, enable, onPress } from '../row-buttons.ts';
import type { Deployment, Page } from './api.ts';
import type { Context, View } from './context.ts';
import { MetricsPanel } from './metrics-panel.ts';
import { PagedList } from './paged-list.ts';

const REFRESH_MS = 300;

/** A deployment, and what the agent is called. */
type Line = Deployment & { agentName: string };

/** The deployments and their metrics. */
export class DeploymentsView implements View {
  readonly #context: Context;
  readonly #list: PagedList<Line>;
  readonly #metrics: MetricsPanel;
  readonly #names = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = false;

  constructor(context: Context) {
    const { api, signal } = context;
    this.#context = context;
    this.#metrics = new MetricsPanel(context);
    this.#list = new PagedList<Line>(
      {
        container: byId('deployment-list'),
        noun: 'deployment',
        headings: ['Agent', 'Status', 'Actions'],
        read: (page) => this.#read(page),
        row: () =>
          new DeploymentRow((line) =>
            this.#list.act(`The deployment of ${line.agentName} was not stopped.`, () => api.stop(line.id)),
          ),
      },
      context,
    );
    signal.addEventListener('abort', () => this.hide());
  }

  show(): void {
    this.#shown = true;
    this.#list.loadFirst();
    this.#metrics.watch();
  }

  hide(): void {
    this.#shown = false;
    clearTimeout(this.#timer);
    this.#metrics.stop();
  }

  async #read(page: number): Promise<Page<Line>> {
    const { rows, total } = await this.#context.api.deployments(page);
    const unnamed = new Set(rows.map((row) => row.agent_id).filter((id) => !this.#names.has(id)));
    await Promise.all([...unnamed].map((id) => this.#learnName(id)));
    this.#followUp(rows);
    return { rows: rows.map((row) => ({ ...row, agentName: this.#names.get(row.agent_id) ?? '…' })), total };
  }

  async #learnName(agentId: string): Promise<void> {
    const { name } = await this.#context.api.agent(agentId);
    this.#names.set(agentId, name);
  }

  /** Looks again while something is on its way. */
  #followUp(rows: readonly Deployment[]): void {
    clearTimeout(this.#timer);
    const isUnderWay = rows.some(({ status }) => status === 'pending' || status === 'deploying');
    if (this.#shown && isUnderWay) this.#timer = setTimeout(() => this.#list.load(), REFRESH_MS);
  }
}

class DeploymentRow implements Row<Line> {
  readonly node: HTMLTableRowElement;
  readonly #name = element('span', 'name');
  readonly #gateway = element('small', 'muted');
  readonly #status = element('span', 'pill');
  readonly #stop = button('Stop');
  #line: Line | undefined;

  constructor(stop: (line: Line) => void) {
    const name = element('th', '', this.#name, this.#gateway);
    name.scope = 'row';
    const actions = element('td', 'actions', element('div', 'buttons', this.#stop));
    this.node = element('tr', '', name, element('td', '', this.#status), actions);
    onPress(this.#stop, () => stop(this.#line!));
  }

  update(line: Line): void {
    this.#line = line;
    setText(this.#name, line.agentName);
    setText(this.#gateway, line.gateway_id);
    setText(this.#status, line.status);
    this.#status.dataset.status = line.status;
    this.#stop.setAttribute('aria-label', `Stop ${line.agentName}`);
    enable(this.#stop, line.status !== 'stopped');
  }
}
