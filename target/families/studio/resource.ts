import { type JsonObject, text } from '../../core/fields.ts';

/** What every resource of the studio has. */
export interface Resource {
  id: string;
  organization_id: string;
}

export type Noun = 'agent' | 'pipeline' | 'deployment';

/** A kind of resource, as it is stored. Its names of columns go into SQL as they are. */
export interface Kind {
  noun: Noun;
  table: string;
  /** What is read, as a list of SQL. */
  columns: string;
  /** What is read for a list, if that is less. */
  listed?: string;
  /** What is given at its creation. */
  created: readonly string[];
  /** What can be changed later. */
  updated: readonly string[];
  /** What a list can be narrowed by. */
  filters: readonly string[];
}

export const STATUSES = ['draft', 'active', 'archived'] as const;
export type Status = (typeof STATUSES)[number];

/** A text that may be empty, or missing. @throws {ApiError} 400 */
export function optionalText(value: unknown, field: string, maxLength: number): string {
  return value === undefined || value === null || value === '' ? '' : text(value, field, maxLength);
}

/** Those readings of fields whose fields there are. */
export function readPresent<T>(
  body: JsonObject,
  read: { [Field in keyof T]: (value: unknown) => T[Field] },
): Partial<T> {
  const present = Object.keys(read).filter((field) => body[field] !== undefined && body[field] !== null);
  return Object.fromEntries(present.map((field) => [field, read[field as keyof T](body[field])])) as Partial<T>;
}
