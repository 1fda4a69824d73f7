import { invalid } from './api-error.ts';

export type JsonObject = Record<string, unknown>;

/** The body as an object. @throws {ApiError} 400 */
export function object(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${field} must be an object.`);
  return value as JsonObject;
}

/** A text of 1 to `maxLength` characters. @throws {ApiError} 400 */
export function text(value: unknown, field: string, maxLength = 200): string {
  // PostgreSQL's text holds no NUL.
  if (typeof value !== 'string' || value === '' || value.length > maxLength || value.includes('\0')) {
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

/** One of the values listed. @throws {ApiError} 400 */
export function oneOf(value: unknown, field: string, allowed: readonly string[]): string {
  if (!allowed.includes(value as string)) throw invalid(`${field} must be one of ${allowed.join(', ')}.`);
  return value as string;
}
