// What the document holds, as plain JSON, in one map per entity keyed by id. Other programs write it too.

/** `date` is YYYY-MM-DD; an amount is whole cents, money spent is negative. */
export type Transaction = { id: string; date: string; payee: string; amount_cents: number; account_id: string };
export type AccountKind = 'checking' | 'savings' | 'credit';
export type Account = { id: string; name: string; kind: AccountKind };
export type InvoiceStatus = 'draft' | 'sent' | 'paid';
/** `due` is YYYY-MM-DD. */
export type Invoice = {
  id: string;
  number: string;
  client: string;
  due: string;
  amount_cents: number;
  status: InvoiceStatus;
};
