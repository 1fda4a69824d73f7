import { definitionOf, isOfBrowser, ownerOf, parseSeriesKey } from '../../measure/metrics.ts';
import { count, counted } from '../words/figures.ts';
import { inPhase, listed } from '../words/names.ts';
import type { ErrorCount } from './failing.ts';
import { CUTS, type Kind } from './kind.ts';
import { refusedText, WHAT_IS_ADDED } from './refused-values.ts';

/** A threshold that nothing, or too little, was measured for. `phase` is the one that lacks it. */
export interface NoData {
  kind: 'no-data';
  severity: 'invalid';
  metric: string;
  expression: string;
  count: number;
  needed: number;
  phase?: string;
  /** Values that the metric's authors gave and that are none of it, by what was wrong with them. */
  refused?: ErrorCount[];
}

export const noData: Kind<NoData> = {
  kind: 'no-data',
  testCase: 'own',
  needsAllShards: true,
  followsFrom: [...CUTS, 'nothing-measured'],
  /** Work that fails brings no times. */
  isEffect(finding, { broken, never }) {
    const { metric, tags } = parseSeriesKey(finding.metric);
    const kind = isOfBrowser(metric) ? 'journey' : 'load';
    const whose = ownerOf(tags);
    const ofWork = definitionOf(metric)?.ofWork;
    if (ofWork === 'count') return false;
    // Of work that never succeeded the share is known, however little there was: all of it failed.
    const whom = ofWork === 'failed' ? never : broken;
    return whom.some((one) => (whose === undefined ? one.kind === kind : one.name === whose));
  },
  sentence({ metric, expression, count: found, needed, phase, refused = [] }) {
    const has = found === 0 ? 'no samples' : `only ${counted(found, 'sample')}`;
    const why = refused.length === 0 ? '' : ` Values that were not added: ${refusedText(refused)}.`;
    return `${metric} has ${has}${inPhase(phase)}; ${expression} needs at least ${count(needed)}.${why}`;
  },
  nextStep({ metric, count: found, refused }) {
    if (refused) return WHAT_IS_ADDED;
    const own = Object.entries(parseSeriesKey(metric).tags).filter(([tag]) => !CHECKED_TAGS.includes(tag));
    if (found > 0 || own.length === 0) return LESS_THAN_NEEDED;
    const tags = listed(own.map(([tag, value]) => `${tag}:${value}`));
    return `Look at whether anything has the ${own.length === 1 ? 'tag' : 'tags'} ${tags} (--list names operations), LOAD_DURATION is too short, or LOAD_SCALE too small.`;
  },
};

/** Their values are known before the run. */
const CHECKED_TAGS = ['scenario', 'journey', 'phase'];

const LESS_THAN_NEEDED = 'Look at whether LOAD_DURATION is too short, LOAD_SCALE too small, or the scenario left out.';
