import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pipelines } from './api.ts';
import { bed } from './bed.fixture.ts';
import { agentChoice } from './choice.ts';
import { holds } from './expected.ts';
import { type Agent, type Habits, publishedStudio } from './published.fixture.ts';
import { builder, settle } from './studio.ts';
import { Visitor } from './visitor.ts';

for (const [ids, isNumbered] of [
  ['slashes and unicode', false],
  ['numbers alone', true],
] as const) {
  test(`ids with ${ids}, and pages that the server cuts: all is found, and nothing is left`, async (t) => {
    const { url, agents } = await publishedStudio(t, { maxPageSize: 3, isNumbered });
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 7));
    await one!.state.own.list();
    assert.equal(agents.size, 7);
    await settle(one!.state);
    const { status, violations, counts } = made.judged('agent-lifecycle', [one!.state.own.evidence()!]);
    assert.deepEqual([status, violations, counts?.unswept, counts?.deleted, agents.size], ['ok', 0, 0, 7, 0]);
    assert.deepEqual(made.errors, {});
  });
}

test('a write that is done and answered with another status has failed by name, and is no broken promise', async (t) => {
  const { url, agents } = await publishedStudio(t, { statuses: { 'POST /agents': 200, DELETE: 202 } });
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 0));
  for (let n = 0; n < 3; n++) await one!.state.own.create();
  await settle(one!.state);
  const { status, counts } = made.judged('agent-lifecycle', [one!.state.own.evidence()!]);
  assert.deepEqual([status, counts?.indeterminate, counts?.reconciled, agents.size], ['ok', 3, 3, 0]);
  assert.equal(made.errors['check: agent-create: status is 201'], 3);
});

test('where the contract says no status of what is made, and nothing of the answer, either is right, but not of another agent', async (t) => {
  const { url, habits } = await publishedStudio(t);
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => studio.member(vu));
  const { api } = one!.state;
  for (const status of [200, 201]) {
    const pipeline = '{"data":{"id":1,"name":"p"}}';
    habits.answers = { 'POST /pipelines': [status, pipeline], 'POST /deployments': [status, '{"agent_id":"7"}'] };
    assert.equal((await api.create(pipelines, {})).value?.id, 1);
    assert.equal((await api.deploy(7, 'gateway')).result, 'done');
  }
  habits.answers = { 'POST /deployments': [202, '{"message":"queued"}'] };
  await api.deploy(7, 'gateway');
  assert.deepEqual(made.errors, {});
  habits.answers = { 'POST /deployments': [201, '{"agent_id":8}'] };
  await api.deploy(7, 'gateway');
  assert.deepEqual(made.errors, { 'check: deploy: answer is as in the contract': 1 });
});

test('a list without an end is left after a hundred pages, and has failed by name', async (t) => {
  const { url, asked, habits } = await publishedStudio(t, { maxPageSize: 3 });
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 2));
  habits.isEndless = true;
  asked.length = 0;
  await settle(one!.state);
  assert.equal(asked.filter((call) => call === 'GET /agents').length, 100);
  assert.deepEqual(made.errors, { 'check: agent-list: comes to an end': 1 });
  const { status, counts } = made.judged('agent-lifecycle', [one!.state.own.evidence()!]);
  assert.deepEqual([status, counts?.unswept, counts?.deleted], ['ok', 1, 2]);
});

test('in the end the list is what single reads are, with as much of it as it likes, and may be a moment old', async (t) => {
  const gone: Agent = { id: 'gone', name: '', organization_id: 'o' };
  const listings: [what: string, lists: (agents: Agent[]) => Agent[], counts: Record<string, number>][] = [
    ['what there is', (agents) => agents, {}],
    ['less of it', (agents) => agents.map(({ id, name, organization_id }) => ({ id, name, organization_id })), {}],
    ['other texts', (agents) => agents.map((one) => ({ ...one, description: 'old' })), { mislisted: 12 }],
    ['nothing after the first ten', (agents) => agents.slice(0, 10), { unlisted: 2 }],
    ['one on two pages', (agents) => [...agents.slice(0, 10), ...agents.slice(9)], { mislisted: 1 }],
    [
      'what is gone',
      (agents) => [{ ...gone, name: agents[0]!.name.replace(/\d+$/, '99') }, ...agents],
      { mislisted: 1 },
    ],
  ];
  const look = async (lists: Habits['lists'], pages: number) => {
    const { url, habits } = await publishedStudio(t);
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 12));
    let left = pages;
    habits.lists = (all) => {
      left -= 1;
      return left >= 0 ? lists!(all) : all;
    };
    await settle(one!.state);
    const { counts } = made.judged('agent-lifecycle', [one!.state.own.evidence()!]);
    return Object.fromEntries(
      Object.entries(counts!).filter(([name, n]) => n > 0 && !/^(created|deleted)$/.test(name)),
    );
  };
  await Promise.all(
    listings.flatMap(([what, lists, counts]) => [
      look(lists, Number.POSITIVE_INFINITY).then((found) => assert.deepEqual(found, counts, what)),
      look(lists, 3).then((found) => assert.deepEqual(found, {}, `${what}, for a moment`)),
    ]),
  );
});

test('who is let in as somebody else, or of another organisation than before, is shown what is not theirs', async (t) => {
  for (const letsInAs of [{ email: 'somebody@else.test' }, { organization_id: 'another' }]) {
    const { url, habits } = await publishedStudio(t);
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => studio.member(vu));
    const member = one!.state;
    assert.equal(await member.signIn(), true);
    assert.equal(made.judged('sessions', [member.evidence()]).status, 'ok');
    habits.letsInAs = letsInAs;
    assert.equal(await member.signIn(), false);
    const { status, counts } = made.judged('sessions', [member.evidence()]);
    assert.deepEqual([status, counts?.foreign], ['violated', 1]);
    assert.deepEqual(made.errors, { 'check: login: it is the own account': 1 });
  }
});

test('what another organisation has made is not theirs by its name, where nothing else says whose it is', async (t) => {
  for (const [letsInAs, foreign] of [
    [(email: string) => ({ organization_id: email }), true],
    // Of one organisation everybody sees all.
    [() => ({ organization_id: 'o' }), false],
  ] as const) {
    const { url } = await publishedStudio(t, { hidesOrganizations: true, letsInAs });
    const made = await bed(t, url);
    const builders = await made.make(2, (vu, studio) => builder(vu, studio, agentChoice, 2));
    for (const { state } of builders) await state.own.list();
    const [one] = builders;
    const { status, counts } = made.judged('sessions', [one!.state.member.evidence()]);
    assert.deepEqual([status, counts?.foreign], foreign ? ['violated', 2] : ['ok', 0]);
    assert.equal(made.judged('agent-lifecycle', [one!.state.own.evidence()!]).violations, 0);
    const check = "check: agent-list: only the own organisation's is shown";
    assert.deepEqual(made.errors, foreign ? { [check]: 4 } : {});
  }
});

test('tokens are refreshed before they end; who is refused that signs in again', async (t) => {
  // They are refreshed when four fifths of their life are over: at once.
  const { url, asked, habits } = await publishedStudio(t, { tokensLast: 1e-6 });
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => studio.member(vu));
  asked.length = 0;
  // The first is left to expire.
  for (let n = 0; n < 2; n++) assert.equal(await one!.state.isSignedIn(), true);
  assert.deepEqual([asked, made.errors], [['POST /auth/login', 'POST /auth/refresh'], {}]);
  habits.answers = { 'POST /auth/refresh': [401, '{}'] };
  asked.length = 0;
  assert.equal(await one!.state.isSignedIn(), true);
  assert.deepEqual(asked, ['POST /auth/refresh', 'POST /auth/login']);
  assert.deepEqual(made.errors, { 'HTTP 401': 1, 'check: refresh: status is 200 or 404 or 405': 1 });
});

test('a studio without a call that refreshes, as the contract has none, is signed in to anew; one that keeps its refresh token is right', async (t) => {
  for (const [answer, expected] of [
    [
      [404, '{}'],
      ['POST /auth/login', 'POST /auth/refresh', 'POST /auth/login', 'POST /auth/login'],
    ],
    [
      [200, '{"access_token":"a","expires_in":3600}'],
      ['POST /auth/login', 'POST /auth/refresh'],
    ],
  ] satisfies [[number, string], string[]][]) {
    const { url, asked, habits } = await publishedStudio(t, { tokensLast: 1e-6 });
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => studio.member(vu));
    habits.answers = { 'POST /auth/refresh': answer };
    asked.length = 0;
    for (let n = 0; n < 3; n++) assert.equal(await one!.state.isSignedIn(), true);
    assert.deepEqual([asked.filter((call) => call.startsWith('POST')), made.errors], [expected, {}]);
  }
});

test('a token that is refused in mid-run has failed by name, and its user signs in again', async (t) => {
  const { url, asked, habits } = await publishedStudio(t);
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 0));
  const { own } = one!.state;
  habits.answers = { 'GET /agents': [401, '{}'] };
  await own.list();
  assert.deepEqual(made.errors, { 'HTTP 401': 1, 'check: agent-list: status is 200': 1 });
  habits.answers = {};
  asked.length = 0;
  await own.list();
  assert.deepEqual(asked, ['POST /auth/login', 'GET /agents', 'GET /agents']);
});

test('who has an account already signs in to it', async (t) => {
  for (const [status, first] of [
    [409, []],
    // Whether the address is taken, or nobody may sign up, a login tells.
    [400, ['POST /auth/login']],
    [422, ['POST /auth/login']],
  ] as const) {
    const { url, asked } = await publishedStudio(t, { answers: { 'POST /auth/register': [status, '{}'] } });
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => studio.member(vu));
    assert.equal(one!.state.organization, 'o');
    assert.deepEqual(asked, ['POST /auth/register', ...first, 'POST /auth/register', 'POST /auth/login']);
    assert.deepEqual(made.errors, {});
  }
});

test('a studio where nobody may sign up is one sentence, and one that has a bad moment is none', async (t) => {
  for (const status of [401, 403, 404, 422]) {
    const answers: Habits['answers'] = { 'POST /auth/register': [status, '{}'], 'POST /auth/login': [401, '{}'] };
    const { url } = await publishedStudio(t, { answers });
    const message = `test: POST /api/v1/auth/register of ${new URL(url).host} is ${status}; API_URL and STUDIO_API_PREFIX must be those of a studio where users may sign up.`;
    await assert.rejects(bed(t, url), { message });
  }
  for (const status of [429, 503]) {
    const { url } = await publishedStudio(t, { answers: { 'POST /auth/register': [status, '{}'] } });
    await bed(t, url);
  }
});

test('what is not in the contract has failed by name, whatever its status, and is no success', async (t) => {
  const strays: [answer: [status: number, text: string], errors: string[]][] = [
    [[200, '<html>'], ['check: agent-list: answer is as in the contract']],
    [[200, '{"records":[{"name":"no id"}]}'], ['check: agent-list: answer is as in the contract']],
    ...[401, 403, 404, 409, 422].map((status): [[number, string], string[]] => [
      [status, '{}'],
      [`HTTP ${status}`, 'check: agent-list: status is 200'],
    ]),
  ];
  for (const [answer, errors] of strays) {
    const { url, habits } = await publishedStudio(t);
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 0));
    habits.answers = { 'GET /agents': answer };
    await one!.state.own.list();
    assert.deepEqual([Object.keys(made.errors).sort(), one!.vu.takeOutcome()], [errors, 'failed']);
  }
});

test('what was written is found in more, and in nothing less', () => {
  const written = { name: 'a', nodes: [{ id: 1 }] };
  const looks: [found: unknown, isThere: boolean][] = [
    [{ name: 'a', nodes: [{ id: 1, more: 2 }], more: 3 }, true],
    [{ name: 'b', nodes: [{ id: 1 }] }, false],
    [{ name: 'a', nodes: [{ id: 1 }, { id: 2 }] }, false],
    [{ name: 'a', nodes: [] }, false],
    [{ name: 'a', nodes: null }, false],
    [{ name: 'a' }, false],
    [undefined, false],
  ];
  for (const [found, isThere] of looks) assert.equal(holds(found, written), isThere, JSON.stringify(found));
});

test('who is let in with a wrong password is found, and one who cannot be answered now is not', async (t) => {
  for (const [answers, violations] of [
    [{}, 1],
    [{ 'POST /auth/login': [401, '{}'] }, 0],
    [{ 'POST /auth/login': [429, '{}'] }, 0],
  ] as const) {
    const { url } = await publishedStudio(t, { answers: answers as Habits['answers'] & object });
    const made = await bed(t, url);
    const [one] = await made.make(1, Visitor.of);
    await one!.state.settle();
    const found = made.judged('sessions', [one!.state.member.evidence()]);
    assert.deepEqual([found.violations, found.counts?.foreign], [violations, violations]);
    assert.deepEqual(made.errors, {});
  }
});

test('a session that was ended, and can be made anew with what is left of it, is found; whatever refuses that is none', async (t) => {
  const last: [habits: Habits, violations: number][] = [
    [{}, 0],
    [{ refreshesAfterLogout: true }, 1],
    [{ refreshesAfterLogout: true, answers: { 'POST /auth/refresh': [404, '{}'] } }, 0],
    [{ refreshesAfterLogout: true, answers: { 'POST /auth/refresh': [503, '{}'] } }, 0],
    // Its token lets nobody in, with another status than is usual.
    [{ answers: { 'GET /auth/me': [419, '{}'] } }, 0],
  ];
  for (const [habits, violations] of last) {
    const { url } = await publishedStudio(t, habits);
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 1));
    await settle(one!.state);
    const found = made.judged('sessions', [one!.state.member.evidence()]);
    assert.deepEqual([found.violations, found.counts?.resurrected], [violations, violations], JSON.stringify(habits));
    const check = 'check: me-after-logout: status is 401 or 403';
    assert.deepEqual(made.errors, habits.answers?.['GET /auth/me'] ? { 'HTTP 419': 1, [check]: 1 } : {});
  }
});
