/** For tests: a start line and its runners, in one process and over a real socket, gone when the test is over. */
import type { TestContext } from 'node:test';
import { type Meet, type SliceId, StartLine, type StartLineEvents, StartLineRunner } from './startline.ts';

export async function openLine(t: TestContext, events: Partial<StartLineEvents> = {}, meet?: Meet): Promise<StartLine> {
  const line = await StartLine.open({ ready() {}, start() {}, interval() {}, hung() {}, ...events }, meet);
  t.after(() => line.close());
  return line;
}

export async function join(t: TestContext, line: StartLine, id: Partial<SliceId> = {}): Promise<StartLineRunner> {
  const runner = await StartLineRunner.connect(line.address, { scenario: 'relay', index: 0, ...id });
  t.after(() => runner.end());
  return runner;
}

/** Resolves when the signal is aborted, with the reason's message. */
export async function stopped(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return (signal.reason as Error).message;
}
