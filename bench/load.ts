/** Tandem's part in the HTTP bench: what a load does in a run, without Playwright around it. */
import { families } from '../protocol/families.ts';
import { Http, json } from '../protocol/transports/http.ts';
import { settingsOf } from '../support/family.ts';
import { Recorder } from '../support/measure/recorder.ts';
import { type Counts, Executor } from '../support/schedule/executor.ts';
import { recordedIterations } from '../support/schedule/iterations.ts';
import { expectedLoad, flat, isOpen, type Plan } from '../support/schedule/plan.ts';
import { PreciseClock } from '../support/schedule/precise-clock.ts';
import { resolveTarget } from '../support/target.ts';
import { directWire } from '../support/wire/wire.ts';
import { loadWork } from '../support/worker/load.ts';
import type { SliceContext, Vu } from '../support/worker/vu.ts';
import type { Round } from './contender.ts';

const SCENARIO = 'bench';
const INTERVAL_MS = 1000;

interface Acknowledgement {
  success: boolean;
  accepted: string[];
  timestamp: number;
}

/** Sends rounds by a plan: every iteration paced and recorded, every answer checked, every interval packed. */
export class BenchLoad {
  readonly #recorder = new Recorder(SCENARIO, 'load');
  #slice: { context: SliceContext; http: Http } | undefined;

  /** Rejects when a request or check fails, or not exactly the round's requests were sent. */
  async send(round: Round, plan: Plan): Promise<void> {
    this.#slice ??= this.#connect(round.origin, round.connections);
    const { context, http } = this.#slice;
    await sendRound(round, plan, context, async (vu) => {
      const answer = await http.request({ op: 'get', method: 'GET', path: '/' });
      if (!vu.check('status is 200', answer.status === 200)) return;
      vu.check('answer is an acknowledgement', isAcknowledgement(json(answer)));
    });
  }

  #connect(origin: string, connections: number): { context: SliceContext; http: Http } {
    const context = sliceContext(origin, this.#recorder, connections);
    return { context, http: new Http(context, origin) };
  }
}

/** A round as fast as its VUs go, which loop: one a connection. */
export function flatOut({ requests, connections }: Round): Plan {
  return {
    line: flat(connections, 60_000),
    iterations: { shared: requests },
    startTimeMs: 0,
    gracefulStopMs: 0,
    gracefulRampDownMs: 0,
  };
}

/** A round at a rate. */
export function atRate(ratePerSecond: number, { requests, connections }: Round): Plan {
  return {
    line: flat(ratePerSecond, (1000 * requests) / ratePerSecond),
    timeUnitMs: 1000,
    arrivals: 'uniform',
    preAllocatedVUs: connections,
    maxVUs: connections,
    maxLatenessMs: 60_000,
    startTimeMs: 0,
    gracefulStopMs: 60_000,
  };
}

/**
 * Sends a round by a plan, an iteration a request, and packs every interval.
 * @throws when one fails, or not exactly the round's requests were sent
 */
export async function sendRound(
  { requests }: Round,
  plan: Plan,
  context: SliceContext,
  iteration: (vu: Vu) => Promise<void>,
): Promise<void> {
  const { recorder } = context;
  const pack = () => JSON.stringify(recorder.pack());
  const packing = setInterval(pack, INTERVAL_MS);
  const { completed } = await runLoad(plan, context, iteration);
  clearInterval(packing);
  pack();
  if (completed !== requests || Object.keys(recorder.errors).length > 0) {
    throw new Error(`${completed} of ${requests} requests were sent; errors: ${JSON.stringify(recorder.errors)}`);
  }
}

let clock: Promise<PreciseClock> | undefined;

/** A run has one for its slice; here a process has one for all its rounds. */
function preciseClock(): Promise<PreciseClock> {
  const made = new PreciseClock();
  clock ??= made.open().then(() => made);
  return clock;
}

/** Does the plan's iterations, each paced and recorded as a load's are. */
export async function runLoad(
  plan: Plan,
  context: SliceContext,
  iteration: (vu: Vu) => Promise<void>,
): Promise<Counts> {
  const work = loadWorkOf(context, iteration);
  const slice = { index: 0, of: 1 };
  const executor = new Executor({
    plan,
    slice,
    clock: expectedLoad(plan, slice) && isOpen(plan) ? await preciseClock() : undefined,
    seed: 1,
    createVu: (id) => work.createVu(id),
    signal: context.signal,
    ...recordedIterations(work, context.recorder),
  });
  await executor.prepare();
  return executor.run(performance.now());
}

/** A load of one operation. */
export function loadWorkOf(context: SliceContext, iteration: (vu: Vu) => Promise<void>) {
  const run = (_state: undefined, vu: Vu) => iteration(vu);
  const definition = { vu: () => undefined, operations: { get: { weight: 1, run } } };
  return loadWork(definition, { shared: undefined, data: undefined }, context, 'seed', undefined);
}

/** What a slice of a run would hand to a load, for one that runs without Playwright. */
export function sliceContext(origin: string, recorder: Recorder, maxVUs: number): SliceContext {
  const declared = settingsOf(families);
  const values = { BASE_URL: origin };
  return {
    runId: SCENARIO,
    scenario: SCENARIO,
    index: 0,
    of: 1,
    target: resolveTarget({ name: SCENARIO, source: SCENARIO, values, declared, wire: directWire }, {}),
    recorder,
    options: {},
    maxVUs,
    signal: new AbortController().signal,
    beforeStart: () => {},
    elapsedMs: () => performance.now(),
    endsAfterMs: Number.POSITIVE_INFINITY,
    drills: [],
    isOver: () => false,
  };
}

function isAcknowledgement(body: Acknowledgement | undefined): boolean {
  return body?.success === true && Array.isArray(body.accepted) && typeof body.timestamp === 'number';
}
