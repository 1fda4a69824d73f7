import { setTimeout as wait } from 'node:timers/promises';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { GrpcRules } from './rules.ts';

/** Until the first token: a model reads the prompt. */
const FIRST_TOKEN_MS = { least: 150, spread: 200 };
/** From one to the next. */
const TOKEN_MS = 15;
const DEFAULT_TOKENS = 32;
const MAX_TOKENS = 1_024;

const WORDS = [
  'The',
  ' cell',
  ' above',
  ' sums',
  ' a',
  ' column',
  ',',
  ' and',
  ' shows',
  ' it',
  ' as',
  ' a',
  ' chart',
  '.',
  ' It',
];

interface CompleteRequest {
  prompt: string;
  max_tokens: number;
}

/** A language model: `ai.v1.Assistant`. It says the same to the same prompt, and takes its time. */
export class Assistant {
  readonly #rules: GrpcRules;

  constructor(rules: GrpcRules) {
    this.#rules = rules;
  }

  async complete(request: CompleteRequest): Promise<object> {
    const tokens = tokensOf(request);
    await wait(firstTokenMs() + tokens.length * TOKEN_MS);
    return { text: tokens.join(''), tokens: tokens.length };
  }

  async stream(stream: ServerWritableStream<CompleteRequest, object>): Promise<void> {
    const tokens = tokensOf(stream.request);
    const text = tokens.join('');
    const startAt = performance.now() + firstTokenMs();
    for (const [index, token] of tokens.entries()) {
      const leftMs = startAt + index * TOKEN_MS - performance.now();
      // A busy machine makes one late, and not all that come after it.
      if (leftMs > 0) await wait(leftMs);
      if (index === 1) await wait(this.#rules.stallMs());
      if (stream.cancelled) return;
      const isLast = index === tokens.length - 1;
      if (isLast || !this.#rules.loses()) stream.write({ index, text: token, ...(isLast && { final_text: text }) });
    }
  }
}

function tokensOf({ prompt, max_tokens: asked }: CompleteRequest): string[] {
  const count = asked > 0 ? Math.min(asked, MAX_TOKENS) : DEFAULT_TOKENS;
  return Array.from({ length: count }, (_, index) => WORDS[(prompt.length + index) % WORDS.length]!);
}

function firstTokenMs(): number {
  return FIRST_TOKEN_MS.least + Math.random() * FIRST_TOKEN_MS.spread;
}
