import { isDate } from './dates.ts';
import type { Account, Transaction } from './entities.ts';
import { parseAmount } from './money.ts';

/** A record of a CSV file: its fields, and the line it starts on (the first line of a file is 1). */
export type CsvRecord = { line: number; fields: string[] };

/** Splits a CSV text (RFC 4180: quotes, doubled quotes, line breaks inside quotes; LF or CRLF). Empty lines are left out. */
export function parseCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  const field = /(?:"([^"]*(?:""[^"]*)*)"?([^,\r\n]*)|([^,\r\n]*))(,|\r?\n|\r|$)/y;
  let line = 1;
  let start = 1;
  let fields: string[] = [];
  // A byte order mark is what spreadsheets put first.
  field.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (field.lastIndex < text.length || fields.length > 0) {
    const match = field.exec(text);
    if (!match) break;
    const [whole, quoted, afterQuote = '', bare = '', end] = match;
    fields.push(quoted === undefined ? bare.trim() : quoted.replaceAll('""', '"') + afterQuote.trim());
    line += whole.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === ',') continue;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields });
    fields = [];
    start = line;
  }
  return records;
}

/** Whether a record is a heading (`date,payee,amount[,account]`) and not a transaction. */
export function isHeading({ fields }: CsvRecord): boolean {
  return fields[0]?.toLowerCase() === 'date' && fields[1]?.toLowerCase() === 'payee';
}

/** The transaction of a record, or the reason why it is none. Without an account it goes to the first of `accounts`. */
export function toTransaction(record: CsvRecord, accounts: readonly Account[]): Omit<Transaction, 'id'> | string {
  const { fields } = record;
  if (fields.length < 3 || fields.length > 4) {
    return `${fields.length} ${fields.length === 1 ? 'field' : 'fields'}; needed are date,payee,amount and perhaps account`;
  }
  const [date = '', payee = '', amount = '', accountName = ''] = fields;
  if (!isDate(date)) return `“${date}” is no date; needed is YYYY-MM-DD`;
  if (payee === '') return 'the payee is missing';
  const amountCents = parseAmount(amount);
  if (amountCents === undefined) return `“${amount}” is no amount; needed is a number such as -12.50`;
  const wanted = accountName.toLowerCase();
  const account =
    wanted === '' ? accounts[0] : accounts.find(({ id, name }) => name.toLowerCase() === wanted || id === accountName);
  if (!account) return `there is no account “${accountName}”`;
  return { date, payee, amount_cents: amountCents, account_id: account.id };
}
