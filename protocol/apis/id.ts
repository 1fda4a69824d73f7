/** What a system calls a thing: a text or a number, and sent back as it came, since strict servers take no text for a number. */
export type Id = string | number;

export function isId(value: unknown): value is Id {
  return typeof value === 'string' ? value !== '' : Number.isSafeInteger(value);
}

/** Whether two are one: what is a number in one answer may be a text in another one, or in events. */
export function isSame(one: unknown, other: unknown): boolean {
  return one === other || (isId(one) && isId(other) && `${one}` === `${other}`);
}
