import { expect, type Locator, type Page, type User } from '../../support/test.ts';
import { type Credentials, enter } from './sign-in.ts';

export type NewAgent = { name: string; type?: 'chat' | 'task' | 'pipeline' | 'custom' };
export type AgentChanges = { name: string; systemPrompt: string; status: 'draft' | 'active' | 'archived' };
export type Step = { kind: 'input' | 'agent' | 'condition' | 'merge' | 'output'; label: string };
type View = 'Agents' | 'Pipelines' | 'Deployments';

/** Until what was deployed is at work. */
const DEPLOYED_WITHIN_MS = 60_000;

/** The studio as a builder sees it: every word here is something a person does or looks at. */
export class Studio {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Loads the page; it shows the sign-in form, or the agents of a session of this tab. */
  async open(): Promise<void> {
    await this.page.goto('/studio');
    await expect(this.page.getByRole('heading', { level: 1 })).toBeVisible();
  }

  /** Signs in, the first time by making an account, and waits until the agents are there. */
  async signIn(user: Credentials & Pick<User, 'sessions'>): Promise<void> {
    await enter(this.page, user, user.sessions === 0, 'Agents');
    await this.#expectLoaded('Agents');
  }

  /** Loads the page anew, which shows the agents: what was deleted of them stays away. */
  async reopen(deleted: readonly string[]): Promise<void> {
    await this.page.reload();
    await this.#expectLoaded('Agents');
    for (const name of deleted) await expect(this.row(name)).toBeHidden();
  }

  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await expect(this.page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  }

  /** Shows another view, and waits until what it lists is there. */
  async show(view: View): Promise<void> {
    await this.page.getByRole('link', { name: view, exact: true }).click();
    await this.#expectLoaded(view);
  }

  /** Turns the pages of the agents, from the first to the last. */
  async lookThroughAgents(): Promise<void> {
    const section = this.#section('Agents');
    const place = section.getByRole('status', { name: 'Page of agents' });
    const pages = Number(/of (\d+)$/.exec((await place.textContent()) ?? '')?.[1] ?? 1);
    for (let page = 2; page <= pages; page++) {
      await section.getByRole('button', { name: 'Next' }).click();
      await expect(place).toHaveText(`Page ${page} of ${pages}`);
    }
  }

  /** Creates an agent and waits until the list shows it. */
  async createAgent({ name, type }: NewAgent): Promise<void> {
    const form = this.page.getByRole('form', { name: 'Create an agent' });
    await form.getByLabel('Name').fill(name);
    if (type !== undefined) await form.getByLabel('Type').selectOption(type);
    await form.getByRole('button', { name: 'Create agent' }).click();
    await expect(this.row(name)).toBeVisible();
  }

  /** Changes an agent and waits until the list shows how it is now. */
  async editAgent(name: string, changes: AgentChanges): Promise<void> {
    await this.page.getByRole('button', { name: `Edit ${name}`, exact: true }).click();
    const form = this.page.getByRole('form', { name: `Edit ${name}`, exact: true });
    await form.getByLabel('Name').fill(changes.name);
    await form.getByLabel('System prompt').fill(changes.systemPrompt);
    await form.getByLabel('Status').selectOption(changes.status);
    await form.getByRole('button', { name: 'Save agent' }).click();
    await expect(this.row(changes.name).getByText(changes.status, { exact: true })).toBeVisible();
  }

  /** Deletes the shown agent, or pipeline, of this name and waits until it is gone. */
  async delete(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Delete ${name}`, exact: true }).click();
    const form = this.page.getByRole('form', { name: `Delete ${name}`, exact: true });
    await form.getByRole('button', { name: 'Delete' }).click();
    await expect(this.row(name)).toBeHidden();
  }

  /** The names of the shown agents, or pipelines, that begin so. */
  async names(prefix: string): Promise<string[]> {
    const buttons = this.page.getByRole('button', { name: `Delete ${prefix}` });
    const labels = await buttons.evaluateAll((all) => all.map((button) => button.getAttribute('aria-label') ?? ''));
    return labels.map((label) => label.slice('Delete '.length));
  }

  /** Creates a pipeline and waits until its empty graph can be drawn. */
  async createPipeline(name: string): Promise<void> {
    const form = this.page.getByRole('form', { name: 'Create a pipeline' });
    await form.getByLabel('Name').fill(name);
    await form.getByRole('button', { name: 'Create pipeline' }).click();
    await this.page.getByRole('button', { name: `Draw ${name}`, exact: true }).click();
    await expect(this.#editor(name)).toBeVisible();
  }

  /** Draws steps that follow each other. */
  async drawSteps(pipeline: string, steps: readonly Step[]): Promise<void> {
    const editor = this.#editor(pipeline);
    const [nodes, connections] = ['Add a node', 'Connect nodes'].map((name) => editor.getByRole('form', { name }));
    for (const [index, { kind, label }] of steps.entries()) {
      await nodes!.getByLabel('Kind').selectOption(kind);
      await nodes!.getByLabel('Label').fill(label);
      await nodes!.getByRole('button', { name: 'Add node' }).click();
      const before = steps[index - 1];
      if (!before) continue;
      await connections!.getByLabel('From').selectOption(before.label);
      await connections!.getByLabel('To').selectOption(label);
      await connections!.getByRole('button', { name: 'Connect' }).click();
      await expect(editor.getByRole('listitem').filter({ hasText: `${before.label} → ${label}` })).toBeVisible();
    }
  }

  /** Saves the graph and waits until the server has it. */
  async saveGraph(pipeline: string): Promise<void> {
    const editor = this.#editor(pipeline);
    await editor.getByRole('button', { name: 'Save graph' }).click();
    await expect(editor.getByRole('status', { name: 'Graph state' })).toHaveText('Saved');
  }

  /** Deploys an agent to the gateway that is suggested, and waits until the deployment is shown. */
  async deployAgent(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Deploy ${name}`, exact: true }).click();
    const form = this.page.getByRole('form', { name: `Deploy ${name}`, exact: true });
    await form.getByRole('button', { name: 'Deploy' }).click();
    await expect(this.#section('Deployments').getByRole('heading', { level: 1 })).toBeVisible();
    await expect(this.row(name)).toBeVisible();
  }

  /** Waits until the newest deployment of an agent is at work. */
  async expectDeployed(name: string): Promise<void> {
    await expect(this.row(name).getByText('active', { exact: true })).toBeVisible({ timeout: DEPLOYED_WITHIN_MS });
  }

  /** Looks at the metrics until they have grown. */
  async watchMetrics(): Promise<void> {
    const requests = this.page.getByTestId('requests');
    await expect(requests).toHaveText(/\d/);
    const before = (await requests.textContent()) ?? '';
    await expect(requests).not.toHaveText(before);
  }

  /** The row of an agent, a pipeline or a deployment, whichever is shown. */
  row(name: string): Locator {
    return this.page
      .getByRole('row')
      .filter({ has: this.page.getByText(name, { exact: true }) })
      .first();
  }

  async #expectLoaded(view: View): Promise<void> {
    const section = this.#section(view);
    await expect(section.getByRole('heading', { level: 1, name: view })).toBeVisible();
    await expect(section.getByText('Loading…')).toBeHidden();
  }

  #section(view: View): Locator {
    return this.page.getByRole('region', { name: view, exact: true });
  }

  #editor(pipeline: string): Locator {
    return this.page.getByRole('region', { name: `Graph of ${pipeline}`, exact: true });
  }
}
