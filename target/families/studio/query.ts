import { type JsonObject, text, wholeNumber } from '../../core/fields.ts';

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;
const MAX_PAGE = 1_000_000;

/** Which resources of an organisation are asked for, newest first. */
export interface ListQuery {
  /** Counts from 1. */
  page: number;
  pageSize: number;
  /** What columns must be equal to. */
  filters: Record<string, string>;
}

/**
 * Reads the query string of a list. A larger page than there is becomes the largest.
 * @param filters the columns that may be asked for
 * @throws {ApiError} 400 naming the parameter
 */
export function parseList(query: JsonObject, filters: readonly string[]): ListQuery {
  const asked = filters.filter((name) => query[name] !== undefined);
  return {
    page: numeral(query.page ?? 1, 'page', MAX_PAGE),
    pageSize: Math.min(MAX_PAGE_SIZE, numeral(query.page_size ?? DEFAULT_PAGE_SIZE, 'page_size', MAX_PAGE)),
    filters: Object.fromEntries(asked.map((name) => [name, text(query[name], name)])),
  };
}

function numeral(value: unknown, field: string, max: number): number {
  return wholeNumber(/^\d{1,9}$/.test(String(value)) ? Number(value) : value, field, 1, max);
}
