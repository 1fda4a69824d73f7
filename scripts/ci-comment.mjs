// The verdict as one comment on a pull request: the first run writes it, every later one replaces it.
// node scripts/ci-comment.mjs <summary.md>, with GitHub's own variables, GITHUB_TOKEN, PULL_REQUEST and RUN_URL.
import { existsSync, readFileSync } from 'node:fs';

/** How the comment is found again; nobody sees it. */
const MARKER = '<!-- tandem load -->';
const PAGE = 100;
const TIMEOUT_MS = 30_000;

const [summary = ''] = process.argv.slice(2);
const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, PULL_REQUEST, RUN_URL } = process.env;
const issues = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues`;

try {
  const verdict = existsSync(summary) ? readFileSync(summary, 'utf8') : '## ❓ No verdict: the log says why\n';
  const body = `${MARKER}\n${verdict}\n[The run, its log and reports](${RUN_URL})\n`;
  const old = await ownComment();
  if (old) await ask('PATCH', `${issues}/comments/${old}`, { body });
  else await ask('POST', `${issues}/${PULL_REQUEST}/comments`, { body });
  console.log(old ? 'The comment was replaced.' : 'The comment was written.');
} catch (error) {
  const { message, status } = /** @type {Error & { status?: number }} */ (error);
  // A fork's token may read only: its verdict stands in the job's summary.
  const mayNot = status === 403 || status === 404;
  console.log(mayNot ? `::notice::No comment: ${message}` : `::error::${message}`);
  process.exitCode = mayNot ? 0 : 1;
}

/**
 * Of the workflow itself: anybody may have pasted the marker.
 *
 * @returns {Promise<number | undefined>} its id
 */
async function ownComment() {
  for (let page = 1; ; page += 1) {
    /** @type {{ id: number, body?: string, user?: { login: string } }[]} */
    const comments = await ask('GET', `${issues}/${PULL_REQUEST}/comments?per_page=${PAGE}&page=${page}`);
    const own = comments.find((one) => one.user?.login === 'github-actions[bot]' && one.body?.startsWith(MARKER));
    if (own || comments.length < PAGE) return own?.id;
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {object} [body]
 */
async function ask(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${GITHUB_TOKEN}` },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.ok) return answer.json();
  const where = `${method} ${new URL(url).pathname}`;
  throw Object.assign(new Error(`GitHub answered ${answer.status} to ${where}.`), { status: answer.status });
}
