/** Tables that a screen reader can read, a phone can scroll, and the page's script can sort and filter. */
import { html, type Markup, type Part } from './markup.ts';

export interface Column {
  title: string | Markup;
  /** Numbers stand at the right. */
  side?: 'right';
}

/** A cell with what it is sorted by, where that is not its text. */
export interface SortedCell {
  value: number | null;
  shown: Part;
}

export type Cell = Part | SortedCell;

export interface TableRow {
  /** The first names the row. */
  cells: Cell[];
  /** What the rows of a group have in common, once, above them. Such a table keeps its order. */
  group?: string;
}

/** @param sorted whether its rows may be put into another order, and hidden by a filter */
export function table(caption: string, columns: Column[], rows: TableRow[], sorted = false): Markup {
  if (rows.length === 0) return html``;
  const head = columns.map(
    ({ title, side }) =>
      html`<th scope="col"${side && html` class="number"`}>${title || html`<span class="unseen">what</span>`}</th>`,
  );
  const body = rows.map(({ cells, group }, index) => {
    const heading =
      group !== undefined && group !== rows[index - 1]?.group
        ? html`<tr class="group"><th scope="rowgroup" colspan="${columns.length}">${group}</th></tr>`
        : null;
    return html`${heading}<tr>${cells.map((cell, at) => tableCell(cell, columns[at]!, at === 0))}</tr>`;
  });
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}, table"${sorted && html` data-sorted`}><table>
<caption class="unseen">${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>${body}</tbody>
</table></div>`;
}

function tableCell(cell: Cell, { side }: Column, isName: boolean): Markup {
  const kind = side && html` class="number"`;
  const sorted = isSorted(cell);
  const value = sorted && html` data-value="${cell.value ?? ''}"`;
  const shown = sorted ? cell.shown : cell;
  return isName ? html`<th scope="row"${kind}${value}>${shown}</th>` : html`<td${kind}${value}>${shown}</td>`;
}

function isSorted(cell: Cell): cell is SortedCell {
  return typeof cell === 'object' && cell !== null && 'shown' in cell;
}
