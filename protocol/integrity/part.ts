/** What somebody who was asked says of a thing: its fields, as far as they know them; null: there is no such thing. */
export type View = Readonly<Record<string, unknown>> | null;

/** A thing as each sees it who can be asked of it. */
export interface Sighting {
  id: string;
  views: Readonly<Record<string, View>>;
}

/** A part of the target that several can be asked of, and who works in it so that there is something to ask for. */
export interface Part {
  readonly name: string;
  /** Makes, changes, deletes. What fails, or may have failed, is not expected to be there. */
  change(): Promise<void>;
  /** @throws when somebody does not answer who can be asked */
  look(): Promise<Sighting[]>;
  /** Leaves that thing alone from here on. */
  forget(id: string): void;
  close(): Promise<void>;
}

/** The target does not have a part, as the sentence says. */
export class Absent extends Error {}

/** Those of which several tell: what a single one says agrees with itself, and is no check. */
export function comparable(sightings: readonly Sighting[]): Sighting[] {
  return sightings.filter(({ views }) => Object.keys(views).length > 1);
}

/** Whether all know the thing, or nobody does, and they say the same of each field that two of them know. */
export function agree(views: Sighting['views']): boolean {
  const all = Object.values(views);
  const there = all.filter((view) => view !== null);
  if (there.length === 0) return true;
  if (there.length < all.length) return false;
  return sharedFields(there).every((field) => {
    const said = there.filter((view) => Object.hasOwn(view, field)).map((view) => view[field]);
    return said.every((value) => isSame(value, said[0]));
  });
}

/** The views without what one alone tells of, which was compared with nothing and is nobody's business. */
export function compared(views: Sighting['views']): Sighting['views'] {
  const fields = sharedFields(Object.values(views).filter((view) => view !== null));
  const pick = (view: NonNullable<View>) =>
    Object.fromEntries(fields.filter((field) => Object.hasOwn(view, field)).map((field) => [field, view[field]]));
  return Object.fromEntries(Object.entries(views).map(([by, view]) => [by, view && pick(view)]));
}

/** Those that two of the views know. */
function sharedFields(views: readonly NonNullable<View>[]): string[] {
  const counts = new Map<string, number>();
  for (const field of views.flatMap((view) => Object.keys(view))) counts.set(field, (counts.get(field) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([field]) => field);
}

/**
 * Whether two values are the same, as JSON and a driver spell them: a number that may be too large or too exact for one as text, an
 * instant as a date or in any zone, an object's fields in any order.
 */
function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Date) return isInstant(other, one);
  if (other instanceof Date) return isInstant(one, other);
  if (isObject(one) && isObject(other)) {
    const names = Object.keys(one);
    return (
      Array.isArray(one) === Array.isArray(other) &&
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
    );
  }
  if (typeof one === 'number' || typeof other === 'number') {
    const texts = [String(one).trim(), String(other).trim()];
    return !texts.includes('') && Number(texts[0]) === Number(texts[1]);
  }
  return String(one) === String(other);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** In seconds they are ten digits until the year 2286. */
const MAX_SECONDS = 1e10;

/** Whether a value is that instant, as far as it says: many APIs leave out the fraction of a second, some the zone, which is UTC's then. */
function isInstant(value: unknown, instant: Date): boolean {
  if (value instanceof Date) return value.getTime() === instant.getTime();
  if (typeof value === 'number') {
    return value < MAX_SECONDS
      ? Math.floor(value) === Math.floor(instant.getTime() / 1_000)
      : Math.abs(value - instant.getTime()) <= 1;
  }
  if (typeof value !== 'string') return false;
  const text = value.trim().replace(' ', 'T');
  const at = Date.parse(/(Z|[+-]\d\d(:?\d\d)?)$/i.test(text) ? text.replace(/([+-]\d\d)$/, '$1:00') : `${text}Z`);
  // A driver rounds what is beyond a millisecond as it likes.
  return /[.,]\d/.test(text)
    ? Math.abs(at - instant.getTime()) <= 1
    : at === Math.floor(instant.getTime() / 1_000) * 1_000;
}
