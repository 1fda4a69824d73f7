import { interrupt, isInterruption } from './spec/words.ts';

interface Attachment {
  body?: string | Buffer;
}

/** Of Playwright's `TestInfo` what `test.…` and `test.info()` come to. */
interface SpokenTest {
  title: string;
  attach(name: string, what: Attachment & { contentType: string }): Promise<void>;
  setTimeout(timeoutMs: number): void;
  _modifier?(word: string, location: object, said: unknown[]): void;
  _attach?(attachment: Attachment, stepId?: string): void;
}

/**
 * What a journey or a load says by `test`, as in page objects that its tests share, is about one session or iteration, and not about
 * the slice, which is what Playwright runs: a time limit would end that, and an expected failure fail a run that passed. What is
 * attached goes nowhere: it would be written among the files of the run, under any name, with whatever secret it holds.
 * @returns the test as the slice has it, which attaches what it measured
 */
export function hearNoWords<T extends SpokenTest>(test: T): T {
  // One that its file says.
  test.setTimeout(0);
  const own = new WeakSet<object>();
  const attach = test.attach.bind(test);
  const keep = test._attach?.bind(test);
  if (keep) {
    test._attach = (attachment, stepId) => {
      if (own.has(Object(attachment.body))) keep(attachment, stepId);
    };
  }
  test.attach = async () => {};
  test.setTimeout = () => {};
  if (test._modifier) {
    test._modifier = (word, _location, said) => {
      if (isInterruption(word)) interrupt(test.title, word, said);
    };
  }
  const attachOwn: SpokenTest['attach'] = (name, what) => {
    own.add(Object(what.body));
    return attach(name, what);
  };
  return Object.create(test, { attach: { value: attachOwn } }) as T;
}
