/** `index.html`: a run as one page. */
import type { Verdict } from '../judge/verdict.ts';
import { statusName } from './headline.ts';
import { html } from './html/markup.ts';
import { pageOf } from './html/page.ts';
import { packPayload, payloadOf } from './html/payload.ts';
import { sections, summary } from './html/sections.ts';
import type { RunRecord } from './record.ts';

/** The report of a run. Screenshots and traces of failed sessions are files beside it; all else is in it. */
export function reportHtml(verdict: Verdict, record: RunRecord): string {
  const payload = payloadOf(verdict, record);
  const parts = sections(verdict, record, payload.subjects.length);
  return pageOf({
    title: `${statusName(verdict)} · ${verdict.profile} → ${verdict.target.name}`,
    body: html`${summary(verdict, record)}
<nav aria-label="Parts of the report"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="content">
${parts.map(
  ({ id, title, body }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>
`,
)}</main>`,
    payload: { type: 'application/gzip', text: packPayload(payload) },
    modules: ['payload', 'look', 'tables', 'time', 'curves', 'main'],
  });
}
