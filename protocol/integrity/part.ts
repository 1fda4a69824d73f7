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
  const fields = new Set(there.flatMap((view) => Object.keys(view)));
  return [...fields].every((field) => {
    const said = there.filter((view) => field in view).map((view) => text(view[field]));
    return new Set(said).size === 1;
  });
}

/** A number is the same whether a driver gives it as one or, since it may be too large for that, as text. */
function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
