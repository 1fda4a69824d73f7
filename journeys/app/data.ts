import type { Random } from '../../support/test.ts';
import type { CsvRow, NewInvoice, NewTransaction } from './ledger.ts';

type Habit = { payee: string; typicalCents: number };

const SPENDING: readonly Habit[] = [
  { payee: 'Corner bakery', typicalCents: 480 },
  { payee: 'Greengrocer', typicalCents: 2_350 },
  { payee: 'Supermarket', typicalCents: 6_840 },
  { payee: 'Bookshop', typicalCents: 2_199 },
  { payee: 'Train ticket', typicalCents: 3_470 },
  { payee: 'Petrol station', typicalCents: 5_800 },
  { payee: 'Electricity', typicalCents: 8_900 },
  { payee: 'Broadband', typicalCents: 3_995 },
  { payee: 'Rent', typicalCents: 98_000 },
  { payee: 'Pharmacy', typicalCents: 1_650 },
  { payee: 'Coffee, two cups', typicalCents: 760 },
  { payee: 'Hardware store', typicalCents: 4_230 },
];
const INCOME: readonly Habit[] = [
  { payee: 'Salary', typicalCents: 312_000 },
  { payee: 'Freelance work', typicalCents: 74_000 },
  { payee: 'Interest', typicalCents: 1_240 },
  { payee: 'Refund', typicalCents: 2_990 },
];
const CLIENTS = ['Northwind Ltd', 'Harbour & Sons', 'Atelier Lumen', 'Field Notes Co-op', 'Meridian Labs'];
const DAY_MS = 86_400_000;

/** One in eight is income, the others are spending. The payee ends in a reference, so that a list shows which it is. */
export function sampleTransaction(random: Random): NewTransaction {
  const income = random() < 1 / 8;
  const { payee, typicalCents } = random.pick(income ? INCOME : SPENDING);
  const cents = random.int(Math.round(typicalCents * 0.6), Math.round(typicalCents * 1.4));
  return { payee: `${payee} ${reference(random)}`, amountCents: income ? cents : -cents };
}

/** An invoice of 10 to 5,000. */
export function sampleInvoice(random: Random): NewInvoice {
  const client = random.pick(CLIENTS);
  return { number: `INV-${reference(random)}`, client, amountCents: 1_000 * random.int(1, 500) };
}

/** Transactions of the year before `end`, as a bank exports them. */
export function sampleCsvRows(random: Random, count: number, end: Date = new Date()): CsvRow[] {
  return Array.from({ length: count }, () => {
    const date = new Date(end.getTime() - random.int(1, 365) * DAY_MS).toISOString().slice(0, 10);
    return { date, ...sampleTransaction(random) };
  });
}

/** Six letters and digits that tell one thing from all others. */
export function reference(random: Random): string {
  return random
    .int(0, 36 ** 6 - 1)
    .toString(36)
    .toUpperCase()
    .padStart(6, '0');
}
