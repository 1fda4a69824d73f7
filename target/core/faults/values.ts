const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 };

/** Reads `80ms`, `1.5s`, `2m`; gives milliseconds. @throws {TypeError} */
export function duration(value: string | undefined): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(value ?? '') ?? [];
  if (!amount || !unit) throw new TypeError(`${show(value)} is not a duration such as 80ms, 2s or 1m`);
  return Number(amount) * UNITS_MS[unit]!;
}

/** Reads a share from 0 to 1. @throws {TypeError} */
export function share(value: string | undefined): number {
  if (!/^(0(\.\d+)?|1(\.0+)?)$/.test(value ?? '')) throw new TypeError(`${show(value)} is not a number from 0 to 1`);
  return Number(value);
}

/** Reads a whole number above 0. @throws {TypeError} */
export function count(value: string | undefined): number {
  if (!/^[1-9]\d{0,5}$/.test(value ?? '')) throw new TypeError(`${show(value)} is not a whole number from 1 to 999999`);
  return Number(value);
}

/** For faults without a value. @throws {TypeError} */
export function nothing(value: string | undefined): void {
  if (value !== undefined) throw new TypeError(`it takes no value, ${show(value)} was given`);
}

function show(value: string | undefined): string {
  return value === undefined ? 'no value' : JSON.stringify(value);
}
