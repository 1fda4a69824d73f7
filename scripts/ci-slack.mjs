// Tells a Slack channel when a run did not pass; silent when it did, and where no webhook is set.
// node scripts/ci-slack.mjs <verdict.json>, with SLACK_WEBHOOK_URL, LOAD_RUN_ID and RUN_URL.
import { existsSync, readFileSync } from 'node:fs';

const MOST_REASONS = 3;
/** Slack cuts texts off at 40,000 characters; nobody reads so many. */
const LONGEST_REASON = 500;
const TIMEOUT_MS = 30_000;

const [file = ''] = process.argv.slice(2);
const { SLACK_WEBHOOK_URL, LOAD_RUN_ID, RUN_URL } = process.env;

/** @type {{ status: string, profile: string, target: { name: string }, reasons: { message: string }[] } | undefined} */
const verdict = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
if (SLACK_WEBHOOK_URL && verdict?.status !== 'pass') await send(SLACK_WEBHOOK_URL, message());

function message() {
  const link = `<${RUN_URL}|log and reports>`;
  if (!verdict) return `*NO VERDICT* of ${escaped(LOAD_RUN_ID ?? 'a run')} · ${link}`;
  const { status, profile, target, reasons } = verdict;
  const more = reasons.length - MOST_REASONS;
  return [
    `*${status.toUpperCase()}* ${escaped(`${profile} → ${target.name}`)} · ${link}`,
    ...reasons.slice(0, MOST_REASONS).map((reason) => `• ${escaped(reason.message.slice(0, LONGEST_REASON))}`),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ].join('\n');
}

/**
 * Slack's three control characters: no link and no @channel comes of a text.
 *
 * @param {string} text
 */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/**
 * The webhook's URL is a secret: no error may show it.
 *
 * @param {string} url
 * @param {string} text
 */
async function send(url, text) {
  const outcome = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, unfurl_links: false }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    ({ ok, status }) => (ok ? undefined : `it answered ${status}`),
    (/** @type {Error & { cause?: NodeJS.ErrnoException }} */ { name, cause }) => cause?.code ?? name,
  );
  if (outcome === undefined) return;
  console.log(`::error::Slack was not told: ${outcome}; check the secret SLACK_WEBHOOK_URL.`);
  process.exitCode = 1;
}
