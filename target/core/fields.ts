import { invalid } from './api-error.ts';

export type JsonObject = Record<string, unknown>;

/** The body as an object. @throws {ApiError} 400 */
export function object(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${field} must be an object.`);
  return value as JsonObject;
}

/** A text of 1 to `maxLength` characters. @throws {ApiError} 400 */
export function text(value: unknown, field: string, maxLength = 200): string {
  // PostgreSQL's text holds neither NUL nor half a surrogate pair.
  if (typeof value !== 'string' || value === '' || value.length > maxLength || /\0|\p{Surrogate}/u.test(value)) {
    throw invalid(`${field} must be a text of 1 to ${maxLength} characters.`);
  }
  return value;
}

/** A whole number of at least 0. @throws {ApiError} 400 */
export function count(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw invalid(`${field} must be a whole number, 0 or more.`);
  return value as number;
}

/** A whole number from `min` to `max`. @throws {ApiError} 400 */
export function wholeNumber(value: unknown, field: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw invalid(`${field} must be a whole number from ${min} to ${max}.`);
  }
  return value as number;
}

/** One of the values listed. @throws {ApiError} 400 */
export function oneOf<T extends string>(value: unknown, field: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw invalid(`${field} must be one of ${allowed.join(', ')}.`);
  return value as T;
}

/** Whether it is a UUID, as ids in paths need not be: PostgreSQL fails on comparing its own with anything else. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}
