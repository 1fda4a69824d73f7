import { importFile } from '../import-file.ts';
import { allowed } from '../input/misspelling.ts';
import { textOf } from '../measure/failures.ts';
import {
  type Contains,
  definitionOf,
  isMetricName,
  type MetricDefinition,
  type MetricType,
} from '../measure/metrics.ts';
import type { JsonSchema } from '../options.ts';
import type { ScenarioKind } from '../profile/schema.ts';

/** A scenario's own metrics as an author writes them; a `trend` is of milliseconds unless it says otherwise. */
export type MetricDeclarations = Record<string, MetricType | MetricDefinition>;

/** What a scenario's file says of itself: the reporter checks profiles against it before any load is sent. */
export interface Declaration {
  kind: ScenarioKind;
  /** Of the load or journey; scenarios that run it may have other names. */
  name: string;
  operations: string[];
  metrics: Record<string, MetricDefinition>;
  /** Names of the oracles it brings evidence for. */
  oracles: string[];
  /** Something of it is done once a run, for all slices. */
  hasRunHooks?: true;
  /** Its slices never run in a process with others. */
  ownProcess?: true;
  /** What profiles may say of it in `options`, each as a schema in JSON. */
  options: Record<string, JsonSchema>;
}

/** Type of the test annotation that holds a {@link Declaration} as JSON. */
export const declarationType = 'tandem:scenario';

const types: readonly unknown[] = ['trend', 'rate', 'counter', 'gauge'] satisfies MetricType[];
const contents: readonly unknown[] = ['time', 'data', 'default'] satisfies Contains[];

/**
 * @param of whoever declares them, for sentences: `load("ping")`
 * @throws one sentence for a name that no threshold could be about, and for what is no metric: nobody compiles it before it runs
 */
export function metricDefinitions(declared: MetricDeclarations, of?: string): Record<string, MetricDefinition> {
  const refuse = (sentence: string): Error => {
    const told = of === undefined ? sentence : `${of}: ${sentence}`;
    // With a stack Playwright would name this line beside it.
    return Object.assign(new Error(told), { stack: told });
  };
  return Object.fromEntries(
    Object.entries(declared).map(([name, metric]) => {
      if (!isMetricName(name)) {
        throw refuse(
          `metrics has ${JSON.stringify(name)}; allowed is a name of letters, digits and _, such as push_duration.`,
        );
      }
      const { type, contains } = Object(typeof metric === 'string' ? { type: metric } : metric) as MetricDefinition;
      const own = type === 'trend' && typeof metric === 'string' ? 'time' : 'default';
      if (!types.includes(type) || !contents.includes(contains ?? own)) {
        throw refuse(
          `metrics.${name} is ${textOf(() => JSON.stringify(metric) ?? metric)}; allowed is trend, rate, counter or gauge, or { type: 'trend', contains: 'data' } of sizes in bytes.`,
        );
      }
      const definition: MetricDefinition =
        typeof metric === 'string' ? { type, contains: own } : { ...metric, contains: contains ?? own };
      const known = definitionOf(name);
      // What else the suite knows of a metric of its own, such as that it tells of failures, goes for whoever names it again.
      const isKnown = known?.type === type && known.contains === definition.contains;
      return [name, isKnown ? known : definition];
    }),
  );
}

/**
 * What is misspelt would never be asked for: a last look, or evidence, without which the run passes.
 * @param of whoever declares it: `load("ping")`
 * @throws one sentence
 */
export function checkFields<D extends object>(of: string, definition: D, known: Record<keyof D, unknown>): void {
  const other = Object.keys(definition).find((field) => !Object.hasOwn(known, field));
  if (other === undefined) return;
  const sentence = `${of}: there is an unknown field "${other}"; ${allowed(other, Object.keys(known))}.`;
  // With a stack Playwright would name this line beside it.
  throw Object.assign(new Error(sentence), { stack: sentence });
}

let taker: 'playwright' | 'process' | 'nobody' = 'playwright';

/**
 * Who takes what a file declares: Playwright, whose loading alone can take tests; this process, where a test of another file runs
 * it as well; nobody, of a file that is imported for its oracles alone.
 */
export function takenBy(): typeof taker {
  return taker;
}

/** Imports a file outside of Playwright's own loading. One that was loaded before stays as it is. */
export async function importFor(by: 'process' | 'nobody', path: string): Promise<void> {
  taker = by;
  try {
    await importFile(path);
  } finally {
    taker = 'playwright';
  }
}
