import { isOfBrowser, parseSeriesKey } from '../../measure/metrics.ts';
import { count, counted } from '../words/figures.ts';
import { inPhase } from '../words/names.ts';
import { CUTS, type Kind } from './kind.ts';

/** A threshold that nothing, or too little, was measured for. `phase` is the one that lacks it. */
export interface NoData {
  kind: 'no-data';
  severity: 'invalid';
  metric: string;
  expression: string;
  count: number;
  needed: number;
  phase?: string;
}

/** Metrics that are counted whether work succeeds or fails. */
const COUNTED =
  /^(iterations|iteration_failed|checks|http_reqs|http_req_failed|browser_sessions|browser_session_failed)$/;
/** Of work that never succeeded these are known, however few there are: all of it failed. */
const SHARE_OF_WORK = /^(iteration_failed|browser_session_failed)$/;

export const noData: Kind<NoData> = {
  kind: 'no-data',
  needsAllShards: true,
  followsFrom: [...CUTS, 'nothing-measured'],
  /** Work that fails brings no times. */
  isEffect(finding, { broken, never }) {
    const { metric, tags } = parseSeriesKey(finding.metric);
    const kind = isOfBrowser(metric) ? 'journey' : 'load';
    const whose = tags.scenario ?? tags.journey;
    if (COUNTED.test(metric) && !SHARE_OF_WORK.test(metric)) return false;
    const whom = SHARE_OF_WORK.test(metric) ? never : broken;
    return whom.some((one) => (whose === undefined ? one.kind === kind : one.name === whose));
  },
  sentence({ metric, expression, count: found, needed, phase }) {
    const has = found === 0 ? 'no samples' : `only ${counted(found, 'sample')}`;
    return `${metric} has ${has}${inPhase(phase)}; ${expression} needs at least ${count(needed)}.`;
  },
  nextStep: 'Look at whether LOAD_DURATION is too short, LOAD_SCALE too small, or the scenario left out.',
};
