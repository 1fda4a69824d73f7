import type { SliceContext, Vu } from '../../support/test.ts';
import { type Answer, type Grpc, grpcMetrics } from '../transports/grpc.ts';
import { type GrpcOptions, methodsOf, openGrpc } from './service.ts';

export const assistantService = 'ai.v1.Assistant';

export const assistantMetrics = { ...grpcMetrics, ai_tokens: 'counter' } as const;

const PROMPTS = [
  'Explain this stack trace.',
  'Write a test for this function.',
  'Summarise the cells above.',
  'Why is this query slow?',
];
const MAX_TOKENS = 32;
const MAX_EXAMPLES = 3;

interface Token {
  index: number;
  text: string;
  final_text?: string;
}

/** What the streams of a VU came to; evidence for the oracle `token-streams`. */
export interface StreamsEvidence {
  /** Streams that came to their end. */
  ended: number;
  broken: Streams;
  /** In order as far as they went, and without a final text: where others have one, their end is missing. */
  open: Streams;
}

export interface Streams {
  count: number;
  /** The first of them. */
  examples: StreamExample[];
}

export interface StreamExample {
  vuId: number;
  afterMs: number;
  tokens: number;
  /** The first index that did not come in its turn, with the one that did, if any; absent when all are there, and the text differs. */
  expected?: number;
  found?: number;
  text: string;
  finalText: string | null;
}

/** What the assistant's users of a slice share. */
export class Assistant {
  readonly grpc: Grpc;
  readonly methods = methodsOf('ai.proto', assistantService, ['Complete', 'StreamComplete']);

  static async open(slice: SliceContext<GrpcOptions>): Promise<Assistant> {
    return new Assistant(await openGrpc(slice));
  }

  private constructor(grpc: Grpc) {
    this.grpc = grpc;
  }

  close(): void {
    this.grpc.close();
  }
}

/** Somebody who asks the assistant. */
export class Asker {
  readonly #assistant: Assistant;
  readonly #vu: Vu;
  readonly #streams: StreamsEvidence = {
    ended: 0,
    broken: { count: 0, examples: [] },
    open: { count: 0, examples: [] },
  };

  constructor(assistant: Assistant, vu: Vu) {
    this.#assistant = assistant;
    this.#vu = vu;
  }

  async complete(): Promise<void> {
    const { grpc, methods } = this.#assistant;
    const call = { op: 'Complete', method: methods.Complete, request: this.#prompt(), readOnly: true };
    const { value } = this.#noted(await grpc.call<{ text: string; tokens: number }>(call));
    if (!value) return;
    this.#vu.check('complete: there is a text', value.text !== '' && value.tokens > 0);
    this.#vu.add('ai_tokens', value.tokens);
  }

  async stream(): Promise<void> {
    const { grpc, methods } = this.#assistant;
    const tokens: Token[] = [];
    const { outcome } = this.#noted(
      await grpc.call<Token>({
        op: 'StreamComplete',
        method: methods.StreamComplete,
        request: this.#prompt(),
        readOnly: true,
        onMessage: (token) => tokens.push(token),
      }),
    );
    if (outcome !== 'ok') return;
    this.#vu.check('stream: there is a text', tokens.length > 0);
    this.#vu.add('ai_tokens', tokens.length);
    this.#compare(tokens);
  }

  evidence(): object {
    return { 'token-streams': this.#streams };
  }

  #prompt(): object {
    return { prompt: this.#vu.random.pick(PROMPTS), max_tokens: MAX_TOKENS };
  }

  #noted<Response>(answer: Answer<Response>): Answer<Response> {
    if (answer.outcome !== 'ok') this.#vu.fail(answer.outcome);
    return answer;
  }

  #compare(tokens: Token[]): void {
    const streams = this.#streams;
    streams.ended += 1;
    const text = tokens.map((token) => token.text).join('');
    const finalText = tokens.at(-1)?.final_text ?? null;
    const expected = tokens.length === 0 ? 0 : tokens.findIndex(({ index }, place) => index !== place);
    const isInOrder = expected < 0;
    if (isInOrder && finalText === text) return;
    const kind = isInOrder && finalText === null ? streams.open : streams.broken;
    kind.count += 1;
    if (kind.examples.length === MAX_EXAMPLES) return;
    const { id: vuId, slice } = this.#vu;
    const gap = isInOrder ? {} : { expected, found: tokens[expected]?.index };
    const afterMs = Math.round(slice.elapsedMs());
    kind.examples.push({ vuId, afterMs, tokens: tokens.length, ...gap, text, finalText });
  }
}
