import { counted } from './counts.ts';
import { type CsvRecord, isHeading, parseCsv, toTransaction } from './csv.ts';
import { byId, control, element, setText } from './dom.ts';
import type { Transaction } from './entities.ts';
import type { Ledger } from './ledger.ts';

const BATCH_ROWS = 50;
const REJECTED_SHOWN = 100;

/** Imports a CSV file in batches, so that the page stays usable and every batch is one change to sync. */
export class ImportView {
  readonly #ledger: Ledger;
  readonly #signal: AbortSignal;
  readonly #form = byId<HTMLFormElement>('import-form');
  readonly #progress = byId('import-progress');
  readonly #bar = byId<HTMLProgressElement>('import-bar');
  readonly #count = byId('import-count');
  readonly #result = byId('import-result');
  readonly #rejected = byId('import-rejected');
  readonly #rejectedList = byId('import-rejected-list');

  constructor(ledger: Ledger, signal: AbortSignal) {
    this.#ledger = ledger;
    this.#signal = signal;
    this.#form.addEventListener('submit', (event) => this.#start(event), { signal });
  }

  async #start(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const file = control(this.#form, 'file').files?.[0];
    const button = this.#form.querySelector('button');
    if (!file || !button) return;
    button.disabled = true;
    this.#report('', []);
    this.#showProgress(0, 1);
    this.#progress.hidden = false;
    const text = await file.text().catch(() => undefined);
    if (text === undefined) this.#report('The file could not be read.', []);
    else await this.#import(parseCsv(text));
    this.#progress.hidden = true;
    button.disabled = false;
    this.#form.reset();
  }

  async #import(records: CsvRecord[]): Promise<void> {
    if (records[0] && isHeading(records[0])) records.shift();
    const rejected: string[] = [];
    for (let at = 0; at < records.length && !this.#signal.aborted; at += BATCH_ROWS) {
      const { accounts } = this.#ledger;
      const batch: Omit<Transaction, 'id'>[] = [];
      for (const record of records.slice(at, at + BATCH_ROWS)) {
        const transaction = toTransaction(record, accounts);
        if (typeof transaction === 'string') rejected.push(`Line ${record.line}: ${transaction}`);
        else batch.push(transaction);
      }
      this.#ledger.addTransactions(batch);
      this.#showProgress(Math.min(at + BATCH_ROWS, records.length), records.length);
      await nextPaint();
    }
    const imported = records.length - rejected.length;
    const text = `Imported ${imported.toLocaleString('en')} of ${counted(records.length, 'line')}.`;
    this.#report(rejected.length === 0 ? text : `${text} ${rejected.length.toLocaleString('en')} rejected.`, rejected);
  }

  #showProgress(done: number, of: number): void {
    this.#bar.max = of;
    this.#bar.value = done;
    setText(this.#count, done === 0 ? '' : `${done.toLocaleString('en')} of ${of.toLocaleString('en')}`);
  }

  #report(text: string, rejected: readonly string[]): void {
    setText(this.#result, text);
    this.#rejected.hidden = rejected.length === 0;
    const lines = rejected.slice(0, REJECTED_SHOWN).map((line) => element('li', '', line));
    const more = rejected.length - lines.length;
    if (more > 0) lines.push(element('li', 'muted', `and ${more.toLocaleString('en')} more`));
    this.#rejectedList.replaceChildren(...lines);
  }
}

/** Lets the browser paint and handle input. The timer is for a page in the background, which has no frames. */
function nextPaint(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      setTimeout(resolve);
    });
  });
}
