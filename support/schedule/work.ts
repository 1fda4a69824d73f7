import { type ClosedPlan, type Slice, shareOf, vusOf } from './plan.ts';

/** How much there is to do for a slice's looping VUs. */
export interface Work {
  /** Iterations that nobody has taken yet; Infinity when only time ends the work. */
  readonly left: number;
  /** Takes one iteration for the VU of this rank; false when there is none for it. */
  take(rank: number): boolean;
}

class EndlessWork implements Work {
  readonly left = Number.POSITIVE_INFINITY;

  take(): boolean {
    return true;
  }
}

class SharedWork implements Work {
  left: number;

  constructor(iterations: number) {
    this.left = iterations;
  }

  take(): boolean {
    if (this.left === 0) return false;
    this.left--;
    return true;
  }
}

class PerVuWork implements Work {
  left: number;
  readonly #leftOf: number[];

  constructor(vus: number, iterations: number) {
    this.left = vus * iterations;
    this.#leftOf = new Array<number>(vus).fill(iterations);
  }

  take(rank: number): boolean {
    const left = this.#leftOf[rank]!;
    if (left === 0) return false;
    this.#leftOf[rank] = left - 1;
    this.left--;
    return true;
  }
}

/** Work for those VUs that a ramp wants at the moment. */
export class RampedWork implements Work {
  /** VUs of the slice that are to loop: those of the lowest ranks. */
  wanted = 0;
  readonly #all: Work;

  constructor(all: Work) {
    this.#all = all;
  }

  get left(): number {
    return this.#all.left;
  }

  take(rank: number): boolean {
    return rank < this.wanted && this.#all.take(rank);
  }
}

/** The slice's work under a plan of looping VUs. */
export function workOf(plan: ClosedPlan, slice: Slice): Work {
  const { iterations } = plan;
  const vus = vusOf(plan);
  if (iterations === undefined) return new EndlessWork();
  if ('perVu' in iterations) return new PerVuWork(shareOf(vus, slice), iterations.perVu);
  // Processes share no counter: the iterations are dealt out beforehand, as many to each VU.
  return new SharedWork(sharedOf(iterations.shared, vus, slice));
}

function sharedOf(iterations: number, vus: number, { index, of }: Slice): number {
  let all = 0;
  for (let vu = index; vu < vus; vu += of) all += shareOf(iterations, { index: vu, of: vus });
  return all;
}

/** The number of the slice's nth iteration: those that are dealt to its VUs, one after another. */
export function numberOf(nth: number, vus: number, { index, of }: Slice): number {
  const own = Math.max(1, shareOf(vus, { index, of }));
  return Math.floor(nth / own) * vus + index + (nth % own) * of;
}
