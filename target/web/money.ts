const plain = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Anything beyond this is a slip of the finger, and sums of it would leave the safe integers. */
const MAX_CENTS = 1e12;

/** Cents as people read them: `-123456` is `−1,234.56`. */
export function formatCents(cents: number): string {
  return (cents < 0 ? '−' : '') + plain.format(Math.abs(cents) / 100);
}

/** As `formatCents`, with a plus before money that came in. */
export function formatSignedCents(cents: number): string {
  return (cents > 0 ? '+' : '') + formatCents(cents);
}

/**
 * Cents from what a person typed: `-12.50`, `−12.5`, `1,234.56`, `+3`. `undefined` when it is no amount, has more than
 * two decimals, or is larger than ten thousand million.
 */
export function parseAmount(text: string): number | undefined {
  const match = /^([-−+]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, sign, whole = '', decimals = ''] = match;
  const cents = Number(whole.replaceAll(',', '')) * 100 + Number(decimals.padEnd(2, '0'));
  if (cents > MAX_CENTS) return undefined;
  return sign === '-' || sign === '−' ? 0 - cents : cents;
}
