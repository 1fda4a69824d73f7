import { type MetricDefinition, ownerOf, readSeriesKey, type Tags, unfinished } from './metrics.ts';

/** So many values of a tag are told apart in one metric: more of them are ids, not kinds. */
const MAX_TAG_VALUES = 100;
/** Of metrics that are made for it. */
const MANY_TAG_VALUES = 1_000;

/** How many values of a tag are told apart in a metric. */
export function valuesTold(definition: MetricDefinition | undefined): number {
  return definition?.ofMany ? MANY_TAG_VALUES : MAX_TAG_VALUES;
}

/** What is known of a metric; undefined of one that nobody has declared. */
type DefinitionOf = (metric: string) => MetricDefinition | undefined;

/** What all further values are counted under. */
export const OTHER = 'other';

/** Names longer than this are no names. */
const MAX_LENGTH = 1_000;
/** An author's code may choose the names of tags, too. */
const MAX_TAGS = 10;
/** Values that a finding can show. */
const MAX_EXAMPLES = 5;
const EXAMPLE_LENGTH = 100;

/** Those that the suite sets, to a few values each. */
const ownTags = new Set(['scenario', 'journey', 'phase', ...Object.keys(unfinished)]);

/** A tag of a metric whose values were more than can be told apart. */
export interface FoldedTag {
  metric: string;
  tag: string;
  /** Some of the values that were counted under {@link OTHER}. */
  values: string[];
}

/** Values that are told apart however many others there are: declared operations, and what a threshold is about. */
export class NamedValues {
  readonly #values = new Map<string, Set<string>>();

  /** @param keys of series, as thresholds name them */
  constructor(operations: Iterable<string> = [], keys: Iterable<string> = []) {
    for (const op of operations) this.#add('op', op);
    for (const key of keys) {
      for (const [tag, value] of Object.entries(readSeriesKey(key)?.tags ?? {})) this.#add(tag, value);
    }
  }

  #add(tag: string, value: string): void {
    const values = this.#values.get(tag) ?? new Set();
    this.#values.set(tag, values.add(value));
  }

  has(tag: string, value: string): boolean {
    return ownTags.has(tag) || value === OTHER || this.#values.get(tag)?.has(value) === true;
  }
}

/** What was folded, for the finding: each tag of each metric once, with the first values. */
export class FoldedTags {
  readonly #tags = new Map<string, FoldedTag>();

  note(metric: string, tag: string, value: string): void {
    const key = JSON.stringify([metric, tag]);
    const known = this.#tags.get(key) ?? { metric, tag, values: [] };
    this.#tags.set(key, known);
    const example = value.slice(0, EXAMPLE_LENGTH);
    if (known.values.length < MAX_EXAMPLES && !known.values.includes(example)) known.values.push(example);
  }

  list(): FoldedTag[] {
    return [...this.#tags.values()];
  }
}

/** The tags of what one slice adds: the first values of each tag are told apart, for their series are in use from then on. */
export class FirstValues {
  readonly folded = new FoldedTags();
  readonly #named: NamedValues;
  readonly #definitionOf: DefinitionOf;
  /** By metric and tag; of each value how many came before it. */
  readonly #values = new Map<string, Map<string, Map<string, number>>>();

  constructor(named: NamedValues, definitionOf: DefinitionOf) {
    this.#named = named;
    this.#definitionOf = definitionOf;
  }

  /** The tags under which a sample is counted. */
  of(metric: string, tags: Tags): Tags {
    const counted: [tag: string, value: string][] = [];
    for (const tag of Object.keys(tags)) {
      const value = String(tags[tag]);
      if (this.#named.has(tag, value)) counted.push([tag, value]);
      else counted.push(this.#counted(metric, tag, value));
    }
    return Object.fromEntries(counted);
  }

  /** The tags under which a series is told of over time: of a tag of a thousand values only the first hundred are there. */
  overTime(metric: string, counted: Tags): Tags {
    const values = this.#values.get(metric);
    const told = Object.entries(counted).map(([tag, value]) => {
      const isFirst = (values?.get(tag)?.get(value) ?? 0) < MAX_TAG_VALUES;
      return [tag, isFirst ? value : OTHER];
    });
    return Object.fromEntries(told);
  }

  /** The tags of a series that there is no room for: only what is named is told apart. */
  fold(metric: string, tags: Tags): Tags {
    const counted = Object.entries(tags).map(([tag, value]) => {
      if (this.#named.has(tag, value)) return [tag, value];
      this.folded.note(metric, tag, value);
      return [tag, OTHER];
    });
    return Object.fromEntries(counted);
  }

  #counted(metric: string, tag: string, value: string): [tag: string, value: string] {
    const tags = this.#values.get(metric) ?? new Map<string, Map<string, number>>();
    if (!tags.has(tag) && (tags.size >= MAX_TAGS || tag.length > MAX_LENGTH)) {
      this.folded.note(metric, OTHER, `${tag}: ${value}`);
      return [OTHER, OTHER];
    }
    const values = tags.get(tag) ?? new Map<string, number>();
    this.#values.set(metric, tags.set(tag, values));
    if (values.has(value)) return [tag, value];
    if (values.size >= valuesTold(this.#definitionOf(metric)) || value.length > MAX_LENGTH) {
      this.folded.note(metric, tag, value);
      return [tag, OTHER];
    }
    values.set(value, values.size);
    return [tag, value];
  }
}

/** A value of a tag of a metric, as one scenario has it: what one names leaves the others their room. */
export interface TagValue {
  metric: string;
  owner: string | undefined;
  tag: string;
  value: string;
}

/**
 * The tags of what many slices bring in, each with first values of its own: of all that came of a scenario, those that are first in the
 * alphabet are told apart, so that the order in which slices come changes nothing.
 */
export class LeastValues {
  readonly folded = new FoldedTags();
  readonly #named: NamedValues;
  readonly #definitionOf: DefinitionOf;
  readonly #onFold: (folded: TagValue) => void;
  /** By metric and owner, and then by tag. */
  readonly #values = new Map<string, Map<string, Set<string>>>();

  /** @param onFold a value that was told apart so far belongs to the others from now on */
  constructor(named: NamedValues, definitionOf: DefinitionOf, onFold: (folded: TagValue) => void) {
    this.#named = named;
    this.#definitionOf = definitionOf;
    this.#onFold = onFold;
  }

  /** The tags under which a series of a slice is counted. */
  of(metric: string, tags: Tags): Tags {
    const owner = ownerOf(tags);
    const counted = Object.entries(tags).map(([tag, value]) => {
      const isApart = this.#named.has(tag, value) || this.#isAmongLeast({ metric, owner, tag, value });
      return [tag, isApart ? value : OTHER];
    });
    return Object.fromEntries(counted);
  }

  #isAmongLeast({ metric, owner, tag, value }: TagValue): boolean {
    const key = JSON.stringify([metric, owner]);
    const tags = this.#values.get(key) ?? new Map<string, Set<string>>();
    const values = tags.get(tag) ?? new Set();
    this.#values.set(key, tags.set(tag, values));
    if (values.has(value)) return true;
    values.add(value);
    if (values.size <= valuesTold(this.#definitionOf(metric))) return true;
    const [first, ...others] = values;
    const last = others.reduce((a, b) => (a < b ? b : a), first!);
    values.delete(last);
    this.folded.note(metric, tag, last);
    if (last !== value) this.#onFold({ metric, owner, tag, value: last });
    return last !== value;
  }
}
