import type { SliceContext } from '../../support/test.ts';
import { type Id, isSame } from '../apis/id.ts';
import type { Rounds } from '../transports/rounds.ts';
import type { DwcpApi, Job } from './api.ts';
import type { MigrationRecord } from './history.ts';
import type { MigrationOptions } from './options.ts';
import type { DwcpStream, Follower } from './stream.ts';

/** Events that a VM may have before its job's id is known. */
const MAX_EARLY = 100;

/** `stuck`: it has had its time and is under way still; `unknown`: nobody could tell. */
export type Ending = 'ended' | 'stuck' | 'unknown';

export interface FollowOptions {
  slice: SliceContext;
  options: MigrationOptions;
  api: DwcpApi;
  record: MigrationRecord;
  rounds: Rounds<Follow>;
  /** Undefined when migrations are followed by polling alone. */
  stream: DwcpStream | undefined;
  /** The job that the VM had before, if any: what is told of it late is not of this one. */
  before: Id;
}

/**
 * Follows one migration to its end, by whatever tells of it first: events, or looks at it once a round. It keeps listening
 * after that, until the VM's next migration.
 */
export class Follow implements Follower {
  /** When the end was known, on `performance.now()`'s clock. */
  endedAt: number | undefined;
  jobId: Id | undefined;
  readonly #given: FollowOptions;
  readonly #deadline: number;
  /** What was heard before the job had an id. */
  #early: Job[] = [];
  /** Of the stream: when it began to listen, and when it looked last. */
  readonly #since: number | undefined;
  #generation: number | undefined;
  #polling = false;
  #looking: Promise<unknown> = Promise.resolve();
  #over = false;
  #leave: () => void = () => {};
  #resolve: (ending: Ending) => void = () => {};

  /** Begins to listen. */
  constructor(given: FollowOptions) {
    this.#given = given;
    this.#deadline = performance.now() + given.options.timeoutMs;
    this.#since = given.stream?.generation;
    this.#generation = this.#since;
    given.stream?.follow(given.record.vm, this);
  }

  /** The stream has not been lost since it began to listen: it has heard everything that was told. */
  get listening(): boolean {
    return this.#since !== undefined && this.#given.stream?.generation === this.#since;
  }

  /** The first job that was heard of without being asked for: that of a start which was never answered. */
  get unasked(): Id | undefined {
    return this.#early.find(({ jobId }) => !isSame(jobId, this.#given.before))?.jobId;
  }

  /** Follows the job; resolves when it is over for us. */
  begin(jobId: Id): Promise<Ending> {
    const { record, stream, rounds } = this.#given;
    this.jobId = jobId;
    record.started(jobId);
    stream?.followJob(jobId, this);
    this.#leave = rounds.join(this);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      for (const job of this.#early) this.hear(job);
      this.#early = [];
    });
  }

  hear(job: Job): void {
    const { record, before } = this.#given;
    if (this.jobId === undefined) {
      if (this.#early.length < MAX_EARLY) this.#early.push(job);
    } else if (isSame(job.jobId, this.jobId)) {
      record.heard(job);
      if (record.outcome) this.#finish('ended');
    } else if (!isSame(job.jobId, before) && isUnderWay(job) && !this.#over) {
      record.second(job.jobId);
    }
  }

  /** Once a round: looks at the job when that is due. */
  visit(): void {
    const { slice, options, stream } = this.#given;
    if (slice.signal.aborted) this.#finish('unknown');
    if (this.#polling || this.#over) return;
    const isLate = performance.now() >= this.#deadline;
    // A stream that was lost since may have told the end to nobody.
    const deaf = stream !== undefined && stream.generation !== this.#generation;
    if (options.follow === 'stream' && !deaf && !isLate) return;
    this.#generation = stream?.generation;
    void this.#poll(isLate);
  }

  /**
   * What REST says of the job, which is noted. One look after the other: of two at one time the older answer may come last, and would seem
   * to go back.
   */
  look(): Promise<Job | undefined> {
    const { api, record } = this.#given;
    const looking = this.#looking.then(async () => {
      const job = await api.job(this.jobId!);
      if (job) record.polled(job);
      return job;
    });
    this.#looking = looking;
    return looking;
  }

  /** Listens no more. */
  close(): void {
    const { record, stream } = this.#given;
    this.#leave();
    stream?.unfollow(record.vm, this.jobId);
  }

  async #poll(isLast: boolean): Promise<void> {
    const { record } = this.#given;
    this.#polling = true;
    const job = await this.look();
    this.#polling = false;
    if (record.outcome) return this.#finish('ended');
    if (!isLast) return;
    if (job) record.stuck();
    this.#finish(job ? 'stuck' : 'unknown');
  }

  #finish(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    if (ending === 'ended') this.endedAt = performance.now();
    this.#leave();
    this.#resolve(ending);
  }
}

function isUnderWay({ status }: Job): boolean {
  return status === 'pending' || status === 'in_progress';
}
