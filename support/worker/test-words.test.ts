import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hearNoWords } from './test-words.ts';

/** As Playwright hears what is said of a test. */
class SpokenTest {
  readonly title = 'visit';
  timeoutMs = 500;
  expectedStatus = 'passed';
  readonly attached: string[] = [];

  async attach(name: string, { body }: { body?: unknown }): Promise<void> {
    this._attach({ name, body });
  }

  _attach({ name }: { name?: string; body?: unknown }): void {
    this.attached.push(name!);
  }

  setTimeout(timeoutMs: number): void {
    this.timeoutMs = timeoutMs;
  }

  _modifier(word: string, _location: object, [condition = true]: unknown[]): void {
    if (condition && word === 'fail') this.expectedStatus = 'failed';
  }
}

const body = (text: string) => ({ body: Buffer.from(text), contentType: 'text/plain' });

test('what a session says of its test is not about its slice: no time limit, no expected failure, nothing attached', async () => {
  const slice = new SpokenTest();
  const own = hearNoWords(slice);
  slice.setTimeout(3_000);
  slice._modifier('slow', {}, []);
  slice._modifier('fail', {}, [false, 'only there']);
  for (const [word, said, why] of [
    ['skip', [], ''],
    ['fixme', ['not yet'], ': not yet'],
    ['fail', [true, 'known'], ': known'],
  ] as const) {
    assert.throws(() => slice._modifier(word, {}, [...said]), new Error(`test "visit" called test.${word}()${why}`));
  }
  await slice.attach('verdict.json', body('{}'));
  // As a step attaches.
  slice._attach({ name: 'GET /cart', body: Buffer.from('token') });
  slice._attach({ name: 'a file' });
  assert.deepEqual([slice.timeoutMs, slice.expectedStatus, slice.attached], [0, 'passed', []]);
  await own.attach('visit 1', body('measured'));
  assert.deepEqual(slice.attached, ['visit 1']);
});

test('of a test that hears its words in another way the slice’s own are kept', async () => {
  const attached: string[] = [];
  const attach = async (name: string, _what: object) => void attached.push(name);
  const other = { title: 'visit', setTimeout() {}, attach };
  const own = hearNoWords(other);
  await other.attach('theirs', body(''));
  await own.attach('ours', body(''));
  assert.deepEqual(attached, ['ours']);
});
