import type { MetricDeclarations } from './declaration.ts';
import { Mix } from './schedule/mix.ts';
import { random } from './schedule/random.ts';
import type { Work } from './schedule/scenario.ts';
import { type SliceContext, Vu } from './vu.ts';

/** Protocol work as an author writes it. `S` is shared by the VUs of a slice, `V` is a VU's own. */
export interface LoadDefinition<S, V> {
  /** Metrics beside the built-in ones: `{ sync_push_duration: 'trend' }`. */
  metrics?: MetricDeclarations;
  /** Once a slice, before the start: connections, seeding. */
  setup?(slice: SliceContext): S | Promise<S>;
  /** Once a slice, at the end, also of a run that was stopped. */
  teardown?(shared: S): void | Promise<void>;
  /** Once a VU: what it keeps from one iteration to the next, such as a device with its replica. */
  vu(vu: Vu, shared: S): V | Promise<V>;
  /** What an iteration may do. A profile's `mix` overrides the weights. */
  operations: Record<string, { weight: number; run(state: V, vu: Vu): Promise<void> }>;
}

interface Worker<V> {
  vu: Vu;
  state: V;
}

/** The work of a load's slice: VUs, and an operation an iteration by the mix. */
export function loadWork<S, V>(
  definition: LoadDefinition<S, V>,
  shared: S,
  slice: SliceContext,
  seed: string,
  weights: Record<string, number> | undefined,
): Work<Worker<V>> {
  const own = Object.entries(definition.operations).map(([name, { weight }]) => [name, weight]);
  const mix = new Mix(weights ?? Object.fromEntries(own), seed, slice.scenario);
  const operations = mix.names.map((name) => definition.operations[name]!);
  return {
    operations: mix.names,
    operationOf: (index) => mix.operationOf(index),
    async createVu(id) {
      const vu = new Vu(id, random(seed, slice.scenario, 'vu', id), slice);
      const state = await definition.vu(vu, shared);
      vu.takeOutcome();
      return { vu, state };
    },
    async run({ vu, state }, operation) {
      try {
        await operations[operation]!.run(state, vu);
      } catch (error) {
        slice.recorder.error(errorName(error));
        vu.fail();
      }
      return vu.takeOutcome();
    },
  };
}

/** A name that groups like failures: a system error's code, else the first line without what differs each time. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error).slice(0, 80)}`;
  const { code } = error as NodeJS.ErrnoException;
  if (code) return code;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Playwright colours its messages.
  const line = error.message.replace(/\x1b\[[0-9;]*m/g, '').split('\n')[0]!;
  return `${error.name}: ${line.replace(/\d+/g, 'N')}`.slice(0, 120);
}
