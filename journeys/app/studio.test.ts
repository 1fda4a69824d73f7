/** The studio's page object, on the page that it describes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agent } from '../../target/families/studio/builder.fixture.ts';
import { PASSWORD, visitors } from '../../target/web/visitors.fixture.ts';
import { Studio } from './studio.ts';

const { newUser, openPage } = visitors();

test('a builder goes through the studio, and comes back to what is left there', async () => {
  const page = await openPage();
  const studio = new Studio(page);
  const user = { email: newUser('builder'), password: PASSWORD };
  await studio.open();
  await studio.signIn({ ...user, sessions: 0 });
  // More than a page of them; all but the last without the page, which is slower.
  const { access_token } = await (await page.request.post('/api/v1/auth/login', { data: user })).json();
  const headers = { authorization: `Bearer ${access_token}` };
  for (let nth = 10; nth <= 20; nth++) {
    await page.request.post('/api/v1/agents', { headers, data: agent({ name: `Draft ${nth}` }) });
  }
  await studio.createAgent({ name: 'Draft 21' });
  await studio.lookThroughAgents();
  assert.deepEqual(await studio.names('Draft'), ['Draft 11', 'Draft 10'], 'the last page');
  await studio.show('Pipelines');
  await studio.show('Agents');
  await studio.createAgent({ name: 'Draft 2', type: 'task' });
  await studio.editAgent('Draft 2', { name: 'Agent 2', systemPrompt: 'Translate.', status: 'active' });
  await studio.show('Pipelines');
  await studio.createPipeline('Pipeline 1');
  await studio.drawSteps('Pipeline 1', [
    { kind: 'input', label: 'Question' },
    { kind: 'agent', label: 'Translate' },
    { kind: 'output', label: 'Answer' },
  ]);
  await studio.saveGraph('Pipeline 1');
  await studio.delete('Pipeline 1');
  assert.deepEqual(await studio.names('Pipeline'), []);
  await studio.show('Agents');
  await studio.deployAgent('Agent 2');
  await studio.expectDeployed('Agent 2');
  await studio.watchMetrics();
  await studio.signOut();

  await studio.signIn({ ...user, sessions: 1 });
  await studio.lookThroughAgents();
  await studio.delete('Draft 10');
  await studio.reopen(['Draft 10']);
  await assert.rejects(() => studio.reopen(['Agent 2']), /Agent 2/, 'what is still there');
  await page.close();
});
