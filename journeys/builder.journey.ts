import { journey } from '../support/test.ts';
import { reference } from './app/data.ts';
import { Studio } from './app/studio.ts';

/** Builds an agent and a pipeline around it, deploys it and watches how it does, and leaves nothing behind. */
journey('builder', {
  thinkTimeMs: [300, 1_000],
  async run({ page, user, step, think, random }) {
    const studio = new Studio(page);
    const [draft, agent, pipeline] = ['Draft', 'Agent', 'Pipeline'].map((what) => `${what} ${reference(random)}`) as [
      string,
      string,
      string,
    ];
    await step('open', () => studio.open());
    await step('sign-in', () => studio.signIn(user));
    await think();
    await step('list-agents', () => studio.lookThroughAgents());
    await think();
    await step('create-agent', () => studio.createAgent({ name: draft }));
    await think();
    await step('edit-agent', () =>
      studio.editAgent(draft, {
        name: agent,
        systemPrompt: 'Answer briefly, in the words of the question.',
        status: 'active',
      }),
    );
    await think();
    await step('list-pipelines', () => studio.show('Pipelines'));
    await step('create-pipeline', () => studio.createPipeline(pipeline));
    await think();
    await step('draw-pipeline', () =>
      studio.drawSteps(pipeline, [
        { kind: 'input', label: 'Question' },
        { kind: 'agent', label: 'Answer it' },
        { kind: 'output', label: 'Answer' },
      ]),
    );
    await think();
    await step('save-graph', () => studio.saveGraph(pipeline));
    // Also those of a session that failed half-way: this account is nobody else's.
    for (const name of await studio.names('Pipeline')) {
      await think();
      await step('delete-pipeline', () => studio.delete(name));
    }
    await think();
    await step('list-agents', () => studio.show('Agents'));
    await step('deploy', () => studio.deployAgent(agent));
    await step('deployed', () => studio.expectDeployed(agent));
    await step('watch-metrics', () => studio.watchMetrics());
    await think();
    await step('list-agents', () => studio.show('Agents'));
    const left = [...(await studio.names('Draft')), ...(await studio.names('Agent'))];
    for (const name of left) {
      await think();
      await step('delete-agent', () => studio.delete(name));
    }
    await step('reopen', () => studio.reopen(left));
    await step('sign-out', () => studio.signOut());
  },
});
