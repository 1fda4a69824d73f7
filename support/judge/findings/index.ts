import { aborted } from './aborted.ts';
import { availability } from './availability.ts';
import { baselineThin } from './baseline-thin.ts';
import { baselineUndecided } from './baseline-undecided.ts';
import { baselineUnreadable } from './baseline-unreadable.ts';
import { capacity } from './capacity.ts';
import { crashed } from './crashed.ts';
import { cutOff } from './cut-off.ts';
import { drift } from './drift.ts';
import { drill } from './drill.ts';
import { drillLeftOut } from './drill-left-out.ts';
import { drillNotDone } from './drill-not-done.ts';
import { drillNotUndone } from './drill-not-undone.ts';
import { dropped } from './dropped.ts';
import { duplicateShard } from './duplicate-shard.ts';
import { errorOutside } from './error-outside.ts';
import { failedShare } from './failed-share.ts';
import { foreignShard } from './foreign-shard.ts';
import { hung } from './hung.ts';
import { idle } from './idle.ts';
import { interrupted } from './interrupted.ts';
import type { Kind } from './kind.ts';
import { lateStart } from './late-start.ts';
import { lateness } from './lateness.ts';
import { leftOut } from './left-out.ts';
import { lessAsked } from './less-asked.ts';
import { missingShard } from './missing-shard.ts';
import { missingSlice } from './missing-slice.ts';
import { noData } from './no-data.ts';
import { noSuccess } from './no-success.ts';
import { nothingMeasured } from './nothing-measured.ts';
import { oracle } from './oracle.ts';
import { oracleUnknown } from './oracle-unknown.ts';
import { rateLimited } from './rate-limited.ts';
import { recovery } from './recovery.ts';
import { refusedValues } from './refused-values.ts';
import { regression } from './regression.ts';
import { saturated } from './saturated.ts';
import { shardSpread } from './shard-spread.ts';
import { tagFolded } from './tag-folded.ts';
import { targetDown } from './target-down.ts';
import { targetUnreached } from './target-unreached.ts';
import { threshold } from './threshold.ts';
import { unfinished } from './unfinished.ts';
import { unverified } from './unverified.ts';
import { windows } from './windows.ts';

/**
 * Every kind of finding, in the order of a verdict: correctness, then what makes it invalid (causes before effects) and what was
 * missed, then warnings. Its place here is the rank of a kind; one that is not listed is none for the compiler.
 */
export const kinds = [
  drillNotUndone,
  oracle,
  targetDown,
  targetUnreached,
  rateLimited,
  foreignShard,
  duplicateShard,
  missingShard,
  interrupted,
  aborted,
  crashed,
  missingSlice,
  nothingMeasured,
  drillNotDone,
  drillLeftOut,
  saturated,
  lateness,
  shardSpread,
  lateStart,
  noSuccess,
  failedShare,
  hung,
  errorOutside,
  oracleUnknown,
  noData,
  unfinished,
  refusedValues,
  threshold,
  windows,
  availability,
  recovery,
  drill,
  capacity,
  drift,
  dropped,
  regression,
  cutOff,
  tagFolded,
  unverified,
  idle,
  leftOut,
  lessAsked,
  baselineThin,
  baselineUndecided,
  baselineUnreadable,
] as const;

/** What the judge found, as data. */
export type Finding = DataOf<(typeof kinds)[number]>;

type DataOf<K> = K extends Kind<infer F> ? F : never;

const byName = new Map<string, unknown>(kinds.map((one) => [one.kind, one]));
const ranks = new Map<string, number>(kinds.map(({ kind }, rank) => [kind, rank]));

/** All that is known of a finding's kind. */
export function kindOf<F extends Finding>({ kind }: F): Kind<F> {
  return byName.get(kind) as Kind<F>;
}

/** Place of a finding's kind in the verdict, from 0. */
export function rankOf({ kind }: Finding): number {
  return ranks.get(kind)!;
}

/** What fails a run before anything else is asked: a promise broken, a target away or closed, work that never succeeds. */
export function isCertain(finding: Finding): boolean {
  return finding.severity === 'fail' && kindOf(finding).certain !== undefined;
}
