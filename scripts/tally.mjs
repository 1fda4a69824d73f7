// A reporter for node:test that keeps nothing but the closing counts of a run, one "name count" a line.

/** @param {AsyncIterable<{ type: string, data: { nesting?: number, message?: string } }>} events */
export default async function* tally(events) {
  for await (const { type, data } of events) {
    const isCount = /^(tests|suites|pass|fail|cancelled|skipped|todo) \d+$/.test(data.message ?? '');
    if (type === 'test:diagnostic' && data.nesting === 0 && isCount) yield `${data.message}\n`;
  }
}
