/** What Tandem reports of a target that stands still for 1 s in 10 s, beside what queueing theory says. */
import { type BareMeasured, type Case, type Measured, withCalibratedServer } from './calibrated.ts';
import { printTable } from './table.ts';

export const name = 'stall';
export const about = 'percentiles at 200/s over a stall of 1 s in 10 s, with 20 and 300 VUs, beside the analytic ones';

const RATE_PER_SECOND = 200;
const DURATION_MS = 10_000;
const STALL_MS = 1_000;
const SERVICE_MS = 25;

/** With 20 VUs most of the stall's arrivals wait for one of them, with 300 all of them in the target: the user waits as long. */
const VUS = [20, 300];
/** By how much a percentile may be off. */
const AIMS: [percent: number, share: number | undefined][] = [
  [50, 0.03],
  [90, undefined],
  [95, 0.01],
  [99, 0.01],
];

export async function run(): Promise<void> {
  const table: string[][] = [];
  await withCalibratedServer(async (measure, measureBare) => {
    for (const vus of VUS) table.push(...rowsOf(vus, await measure(caseOf(vus)), await measureBare(caseOf(vus))));
  });
  printTable(
    ['VUs', 'percentile', 'ideal ms', 'analytic ms', 'from due ms', 'off', 'aim', 'from sent ms', 'bare undici off'],
    table,
  );
  console.log(`answers take ${SERVICE_MS} ms, ${RATE_PER_SECOND} a second for ${DURATION_MS / 1_000} s`);
  console.log(
    'ideal: of a server that takes these times; analytic: of one that takes what this server took, by its own clock',
  );
  console.log(
    'bare undici: the same arrivals, sent by undici alone, beside its own analytic values: no part of it is Tandem’s',
  );
}

function caseOf(vus: number): Case {
  const path = `/stall/${SERVICE_MS}/${STALL_MS}/${DURATION_MS}`;
  return { label: 'stall', path, ratePerSecond: RATE_PER_SECOND, durationMs: DURATION_MS, maxVUs: vus };
}

function rowsOf(vus: number, { service, response, trueMs }: Measured, bare: BareMeasured): string[][] {
  const ideal = responsesOf(vus, (sentAt) => Math.max(0, STALL_MS - sentAt) + SERVICE_MS);
  // A busy machine delays what the server does, and writing two hundred answers at once takes it a while: that is no error of ours.
  const expected = responsesOf(vus, (_sentAt, n) => trueMs[n]!);
  const bareExpected = responsesOf(vus, (_sentAt, n) => bare.trueMs[n]!);
  const bareSeen = bare.responseMs.toSorted((a, b) => a - b);
  return AIMS.map(([percent, share]) => {
    const at = Math.ceil((percent / 100) * expected.length) - 1;
    const reported = response.percentile(percent);
    const off = reported / expected[at]! - 1;
    const aim = share === undefined ? '' : `${Math.abs(off) <= share ? 'met' : 'missed'} (${100 * share} %)`;
    const figures = [ideal[at]!, expected[at]!, reported].map((ms) => ms.toFixed(1));
    const sent = service.percentile(percent).toFixed(1);
    return [
      String(vus),
      `p${percent}`,
      ...figures,
      asPercent(off),
      aim,
      sent,
      asPercent(bareSeen[at]! / bareExpected[at]! - 1),
    ];
  });
}

function asPercent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/**
 * Response times of all arrivals, sorted, by queueing theory: each is served by the VU that is free first, in the order of coming.
 * @param tookMs of the request that is sent at an instant, ms, as the n-th
 */
function responsesOf(vus: number, tookMs: (sentAt: number, n: number) => number): number[] {
  const freeAt = new Array<number>(vus).fill(0);
  const count = (RATE_PER_SECOND * DURATION_MS) / 1_000;
  return Array.from({ length: count }, (_, n) => {
    const dueAt = (n * 1_000) / RATE_PER_SECOND;
    const first = freeAt.indexOf(Math.min(...freeAt));
    const sentAt = Math.max(dueAt, freeAt[first]!);
    freeAt[first] = sentAt + tookMs(sentAt, n);
    return freeAt[first] - dueAt;
  }).sort((a, b) => a - b);
}
