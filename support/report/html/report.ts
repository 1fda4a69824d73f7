/** `index.html`: a run as one page. */
import type { Verdict } from '../../judge/verdict.ts';
import { statusName } from '../headline.ts';
import type { RunRecord } from '../record.ts';
import { html } from './markup.ts';
import { pageOf } from './page.ts';
import { packPayload, payloadOf } from './payload.ts';
import { chartsSection, sections, summary } from './sections.ts';

/** The report of a run. Screenshots and traces of failed sessions are files beside it; all else is in it. */
export function reportHtml(verdict: Verdict, record: RunRecord): string {
  const payload = payloadOf(verdict, record);
  const charts = chartsSection(record);
  const folding = sections(verdict, record, payload.subjects.length);
  return pageOf({
    title: `${statusName(verdict)} · ${verdict.profile} → ${verdict.target.name}`,
    body: html`${summary(verdict, record)}
<main id="content">
${charts.map(
  ({ id, title, body }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>
`,
)}<nav aria-label="Parts of the report"><ul>${[...charts, ...folding].map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
${folding.map(
  ({
    id,
    title,
    body,
    isOpen,
  }) => html`<section id="${id}" aria-labelledby="${id}-title"><details${isOpen && html` open`}><summary><h2 id="${id}-title">${title}</h2></summary>
${body}</details></section>
`,
)}</main>`,
    payload: { type: 'application/gzip', text: packPayload(payload) },
    modules: ['payload', 'look', 'tables', 'time', 'curves', 'beside', 'main'],
  });
}
