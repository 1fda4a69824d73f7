import { allowed } from '../../support/test.ts';

/** What an option may be, in the words of an error, and whether a value is that. */
type Kind = readonly [allowed: string, isIt: (value: unknown) => boolean];

const isNumber = (value: unknown): value is number => typeof value === 'number';

export const isCount: Kind = ['a whole number of at least 1', (value) => Number.isInteger(value) && Number(value) >= 1];
export const isWhole: Kind = ['a whole number', (value) => Number.isInteger(value) && Number(value) >= 0];
/** Without an end, too. */
export const isAmount: Kind = ['a number above 0', (value) => isNumber(value) && value > 0];
export const isYesOrNo: Kind = ['true or false', (value) => typeof value === 'boolean'];

/**
 * What a client is told how to be: a `timeout` in place of `timeoutMs`, or a time that is `NaN`, would be ignored.
 * @param client its name
 * @param needed those without a default
 * @throws one sentence
 */
export function checkOptions<O extends object>(
  client: string,
  given: O,
  kinds: Record<keyof O, Kind>,
  needed: readonly (keyof O & string)[] = [],
): void {
  const all = { ...Object.fromEntries(needed.map((option) => [option, undefined])), ...given };
  for (const [option, value] of Object.entries<unknown>(all)) {
    if (!Object.hasOwn(kinds, option)) {
      throw new Error(`${client} has no option "${option}"; ${allowed(option, Object.keys(kinds))}.`);
    }
    const [help, isIt] = kinds[option as keyof O];
    const isLeft = value === undefined && !needed.includes(option as keyof O & string);
    if (!isLeft && !isIt(value)) {
      const found = typeof value === 'string' ? JSON.stringify(value) : isNumber(value) ? value : typeof value;
      throw new Error(`${client}: ${option} is ${found}; allowed is ${help}.`);
    }
  }
}

/**
 * Of many metrics an author would be told one after the other, and that the target failed.
 * @param metrics what the client records, by the name that it is exported by
 * @throws one sentence
 */
export function checkDeclared(client: string, declared: object, metrics: Record<string, object>): void {
  for (const [name, all] of Object.entries(metrics)) {
    if (Object.keys(all).every((metric) => Object.hasOwn(declared, metric))) continue;
    throw new Error(`${client} records metrics that the scenario does not declare; write metrics: ${name}.`);
  }
}
