import { formatDate, isDate, today } from './dates.ts';
import { byId, control, element, KeyedList, type Row, setText } from './dom.ts';
import type { Invoice, InvoiceStatus } from './entities.ts';
import type { Ledger } from './ledger.ts';
import { formatCents, parseAmount } from './money.ts';

const NEXT: Record<InvoiceStatus, InvoiceStatus | undefined> = { draft: 'sent', sent: 'paid', paid: undefined };

/** The invoices, moving one from draft to sent to paid, and the form that creates one. */
export class InvoicesView {
  readonly #ledger: Ledger;
  readonly #form = byId<HTMLFormElement>('invoice-form');
  readonly #list: KeyedList<Invoice>;

  constructor(ledger: Ledger, signal: AbortSignal) {
    this.#ledger = ledger;
    control(this.#form, 'due').value = today(new Date(Date.now() + 30 * 86_400_000));
    this.#list = new KeyedList<Invoice>(
      byId('invoice-rows'),
      ({ id }) => id,
      (invoice) => this.#createRow(invoice),
    );
    this.#form.addEventListener('submit', (event) => this.#create(event), { signal });
  }

  render(): void {
    const { invoices } = this.#ledger;
    this.#list.render(invoices);
    byId('invoices-empty').hidden = invoices.length > 0;
  }

  #create(event: SubmitEvent): void {
    event.preventDefault();
    const value = (name: string) => control(this.#form, name).value.trim();
    const amountCents = parseAmount(value('amount'));
    const problem =
      amountCents === undefined || amountCents <= 0
        ? `“${value('amount')}” is no amount of an invoice. Write it like 1,200.00.`
        : value('number') === '' || value('client') === '' || !isDate(value('due'))
          ? 'An invoice needs a number, a client and a due date.'
          : '';
    setText(byId('invoice-error'), problem);
    if (amountCents === undefined || problem !== '') {
      control(this.#form, 'amount').focus();
      return;
    }
    this.#ledger.addInvoice({
      number: value('number'),
      client: value('client'),
      due: value('due'),
      amount_cents: amountCents,
      status: 'draft',
    });
    for (const name of ['number', 'client', 'amount']) control(this.#form, name).value = '';
    control(this.#form, 'number').focus();
  }

  #createRow({ id }: Invoice): Row<Invoice> {
    let current: Invoice;
    const client = element('span', 'payee');
    const number = element('small', '');
    const due = element('td', 'date');
    const amount = element('td', 'number amount');
    const pill = element('span', 'pill');
    const advance = element('button', 'quiet');
    advance.type = 'button';
    advance.addEventListener('click', () => {
      const next = NEXT[current.status];
      if (next) this.#ledger.setInvoiceStatus(current, next);
    });
    const node = element(
      'tr',
      '',
      element('td', '', client, number),
      due,
      amount,
      element('td', 'status', pill, advance),
    );
    node.dataset.id = id;
    return {
      node,
      update(invoice) {
        current = invoice;
        setText(number, invoice.number);
        setText(client, invoice.client);
        setText(due, formatDate(invoice.due));
        setText(amount, formatCents(invoice.amount_cents));
        setText(pill, invoice.status);
        pill.dataset.status = invoice.status;
        const next = NEXT[invoice.status];
        advance.hidden = next === undefined;
        setText(advance, `Mark ${next}`);
        advance.setAttribute('aria-label', `Mark ${invoice.number} as ${next}`);
      },
    };
  }
}
