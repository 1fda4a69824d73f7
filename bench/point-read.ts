/** What the clients of PostgreSQL are compared by. */
export const read = { name: 'read', text: 'SELECT id, value FROM bench_items WHERE id = $1' };

const ITEMS = 1_000;

/** Of the `count`-th read. */
export function readId(count: number): number {
  return count % ITEMS;
}
