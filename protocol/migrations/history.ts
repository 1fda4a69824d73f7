import type { Judgement } from '../../support/test.ts';
import { type Id, isSame } from '../apis/id.ts';

const MAX_EXAMPLES = 10;

/** In the order in which a migration goes through them; the phases are those of status `in_progress`, but for the first and last. */
const STATUSES = ['pending', 'in_progress', 'completed', 'failed'] as const;
const PHASES: readonly (string | undefined)[] = ['pending', 'pre-copy', 'stop-and-copy', 'switch-over', 'done'];

export type MigrationStatus = (typeof STATUSES)[number];

/** What an answer or an event says of a migration. A server may leave out all but the status. */
export interface MigrationState {
  status: MigrationStatus;
  phase?: string | undefined;
  /** Percent. */
  progress?: number | undefined;
  vmId?: Id | undefined;
  sourceZone?: string | undefined;
  targetZone?: string | undefined;
  dataLoss?: boolean | undefined;
  /** Of events: counts 1, 2, 3 … within the job. */
  jobSequence?: number | undefined;
}

/** What a migration leaves as it is, where the target tells it. */
const KEPT = ['name', 'cpu_cores', 'memory_mb', 'disk_gb'] as const;
export type Kept = { readonly [name in (typeof KEPT)[number]]?: unknown };

/** A VM as it is found when its migration has ended; null when there is none any more. */
export type FoundVm = ({ status: string; zone: string } & Kept) | null;

/** What a slice saw of its migrations; evidence of the oracle `migration-continuity`. */
export interface MigrationEvidence {
  /** Migrations of which the end was seen, or that it did not come. */
  checked: number;
  violations: number;
  examples: BrokenMigration[];
  counts: MigrationCounts;
}

export interface MigrationCounts {
  completed: number;
  failed: number;
  /** Begun with a request that was never answered, and not found among the target's jobs. */
  indeterminate: number;
  /** Under way when nobody could look any more: they may have ended well. */
  unfinished: number;
  /** Ended, with the stream connected all the time and never telling. */
  unheard: number;
  /** The target did not answer in the end whether it has a second VM of that name. */
  unsearched: number;
}

/** A migration that went wrong, whole. */
export interface BrokenMigration {
  breaches: Breach[];
  vm: Id;
  job: Id | null;
  from: string;
  to: string;
  /** What either source said last. */
  rest: MigrationState | null;
  stream: MigrationState | null;
  /** The VM afterwards; undefined when it was not looked at. */
  found?: FoundVm;
  /** What of the VM is no longer as it was before, and what that was. */
  changed?: Record<string, { before: unknown; after: unknown }>;
  /** Other VMs of its name. */
  copies?: readonly Id[];
  /** A second job on the same VM at the same time. */
  second?: Id;
  startedAfterMs: number;
}

export type Breach =
  | 'data loss'
  | 'wrong zone'
  | 'the VM does not run afterwards'
  | 'the VM has changed'
  | 'the VM is there twice'
  | 'a phase came back'
  | 'progress went back'
  | 'another VM'
  | 'ended twice'
  | 'stream and REST disagree'
  | 'two at once'
  | 'never ended';

export function hasEnded({ status }: MigrationState): boolean {
  return status === 'completed' || status === 'failed';
}

/** What one source has told of a migration so far. */
class Telling {
  last: MigrationState | undefined;

  /** @returns what is wrong with a state in view of those before it */
  take(state: MigrationState): Breach | undefined {
    const { last } = this;
    if (last === undefined) {
      this.last = state;
      return undefined;
    }
    const [sequence, lastSequence] = [state.jobSequence ?? 0, last.jobSequence ?? 0];
    // Numbered events may come twice or late; that is the delivery's fault and not the migration's.
    if (sequence < lastSequence) return comesBack(state, last) ? 'a phase came back' : undefined;
    this.last = state;
    if (!hasEnded(last)) {
      if (comesBack(last, state)) return 'a phase came back';
      // One that fails may say that it comes to nothing.
      const isLess =
        state.status !== 'failed' &&
        state.progress !== undefined &&
        last.progress !== undefined &&
        state.progress < last.progress;
      return isLess ? 'progress went back' : undefined;
    }
    const again = hasEnded(state) && sequence > lastSequence;
    return again || state.status !== last.status ? 'ended twice' : undefined;
  }
}

/** Whether the later state lies before the earlier one. Phases that we do not know have no order. */
function comesBack(earlier: MigrationState, later: MigrationState): boolean {
  const rank = ({ status }: MigrationState) => Math.min(STATUSES.indexOf(status), 2);
  if (rank(later) !== rank(earlier)) return rank(later) < rank(earlier);
  const [before, after] = [PHASES.indexOf(earlier.phase), PHASES.indexOf(later.phase)];
  return before >= 0 && after >= 0 && after < before;
}

/** Of what one of them does not say they agree. */
function differs(one: unknown, other: unknown): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/** Without what stands beside it already, such as ids. */
function shown(state: MigrationState | undefined): MigrationState | null {
  if (!state) return null;
  const { status, phase, progress, vmId, sourceZone, targetZone, dataLoss, jobSequence } = state;
  return { status, phase, progress, vmId, sourceZone, targetZone, dataLoss, jobSequence };
}

/** What is known of one migration of one VM. */
export class MigrationRecord {
  readonly vm: Id;
  /** Zones. */
  readonly from: string;
  readonly to: string;
  readonly #startedAfterMs: number;
  readonly #rest = new Telling();
  readonly #stream = new Telling();
  readonly #breaches = new Set<Breach>();
  #job: Id | null = null;
  #found: FoundVm | undefined;
  #changed: BrokenMigration['changed'];
  #copies: readonly Id[] = [];
  #second: Id | undefined;
  #unheard = false;
  #wasNotSearched = false;

  constructor(vm: Id, from: string, to: string, startedAfterMs: number) {
    this.vm = vm;
    this.from = from;
    this.to = to;
    this.#startedAfterMs = startedAfterMs;
  }

  /** The target has given the job an id. */
  started(job: Id): void {
    this.#job = job;
  }

  /** A REST answer about it. */
  polled(state: MigrationState): void {
    this.#take(this.#rest, state);
  }

  /** An event about it. */
  heard(state: MigrationState): void {
    this.#take(this.#stream, state);
  }

  /** Another job was under way on the same VM while this one was. */
  second(job: Id): void {
    this.#second = job;
    this.#breaches.add('two at once');
  }

  /**
   * The VM as it is after the end, when it has come to rest.
   * @param before as it was
   */
  found(vm: FoundVm, before: Kept = {}): void {
    this.#found = vm && { status: vm.status, zone: vm.zone };
    const changed = vm ? KEPT.filter((name) => differs(vm[name], before[name])) : [];
    if (changed.length > 0) {
      this.#breaches.add('the VM has changed');
      this.#changed = Object.fromEntries(changed.map((name) => [name, { before: before[name], after: vm![name] }]));
    }
    if (vm === null || vm.status !== 'running') this.#breaches.add('the VM does not run afterwards');
    else if (!this.isWhereItBelongs(vm)) this.#breaches.add('wrong zone');
  }

  /** Other VMs of its name are there when all is over: they did not go away when it moved. */
  copied(ids: readonly Id[]): void {
    this.#copies = ids;
    this.#breaches.add('the VM is there twice');
  }

  /** Nobody knows whether other VMs of its name are there. */
  unsearched(): void {
    this.#wasNotSearched = true;
  }

  /** Whether the VM runs where the end, as far as it is known, has to leave it. */
  isWhereItBelongs(vm: FoundVm | undefined): boolean {
    const { outcome, from, to } = this;
    // Of one that was asked for without an answer nobody knows whether it took place.
    const zones = outcome === undefined ? [from, to] : [outcome === 'completed' ? to : from];
    return vm?.status === 'running' && zones.includes(vm.zone);
  }

  /** It has had all the time it was given, and REST says that it is still under way. */
  stuck(): void {
    this.#breaches.add('never ended');
  }

  /** The stream had its chance to tell the end. @returns whether it did */
  listened(): boolean {
    this.#unheard = !this.told;
    return this.told;
  }

  /** The stream has told the end. */
  get told(): boolean {
    return this.#stream.last !== undefined && hasEnded(this.#stream.last);
  }

  /** REST has told the end. */
  get confirmed(): boolean {
    return this.#rest.last !== undefined && hasEnded(this.#rest.last);
  }

  /** The stream told the end long ago, and REST says that it is still under way. */
  contradicted(): void {
    this.#breaches.add('stream and REST disagree');
  }

  /** How it has ended, by REST if that has told; undefined before. */
  get outcome(): 'completed' | 'failed' | undefined {
    const end = [this.#rest.last, this.#stream.last].find((state) => state !== undefined && hasEnded(state));
    return end?.status as 'completed' | 'failed' | undefined;
  }

  get breaches(): ReadonlySet<Breach> {
    return this.#breaches;
  }

  /** What becomes of it in the counts; `checked` when it was seen to its end, or proved that it has none. */
  get verdict(): { checked: boolean; count: keyof MigrationCounts | undefined } {
    const { outcome } = this;
    if (outcome !== undefined) return { checked: true, count: outcome };
    if (this.#breaches.size > 0) return { checked: true, count: undefined };
    return { checked: false, count: this.#job === null ? 'indeterminate' : 'unfinished' };
  }

  get unheard(): boolean {
    return this.#unheard;
  }

  get wasNotSearched(): boolean {
    return this.#wasNotSearched;
  }

  broken(): BrokenMigration {
    return {
      breaches: [...this.#breaches],
      vm: this.vm,
      job: this.#job,
      from: this.from,
      to: this.to,
      rest: shown(this.#rest.last),
      stream: shown(this.#stream.last),
      ...(this.#found !== undefined && { found: this.#found }),
      ...(this.#changed !== undefined && { changed: this.#changed }),
      ...(this.#copies.length > 0 && { copies: this.#copies }),
      ...(this.#second !== undefined && { second: this.#second }),
      startedAfterMs: Math.round(this.#startedAfterMs),
    };
  }

  #take(telling: Telling, state: MigrationState): void {
    const breach = telling.take(state);
    if (breach) this.#breaches.add(breach);
    if (state.dataLoss) this.#breaches.add('data loss');
    if (state.vmId !== undefined && !isSame(state.vmId, this.vm)) this.#breaches.add('another VM');
    if (differs(state.sourceZone, this.from) || differs(state.targetZone, this.to)) this.#breaches.add('wrong zone');
    const [rest, stream] = [this.#rest.last, this.#stream.last];
    if (!rest || !stream) return;
    const ended = hasEnded(rest) && hasEnded(stream);
    const differ =
      differs(rest.targetZone, stream.targetZone) ||
      (ended && (rest.status !== stream.status || differs(rest.dataLoss, stream.dataLoss)));
    if (differ) this.#breaches.add('stream and REST disagree');
  }
}

/** The migrations of a slice. Those that went well are counted; its room grows with the VMs that migrate at one time. */
export class MigrationHistory {
  /** The last of each VM, by its id as text (see `isSame`): what is told of it later still counts. */
  readonly #open = new Map<string, MigrationRecord>();
  readonly #closed = emptyEvidence();

  /** A migration is about to be asked for; the VM's last one is over for us. */
  begin(vm: Id, from: string, to: string, startedAfterMs: number): MigrationRecord {
    this.close(vm);
    const record = new MigrationRecord(vm, from, to, startedAfterMs);
    this.#open.set(`${vm}`, record);
    return record;
  }

  /** The VM's last migration is over for us. */
  close(vm: Id): void {
    const record = this.#open.get(`${vm}`);
    if (record) count(this.#closed, record);
    this.#open.delete(`${vm}`);
  }

  /** It was refused, so there is none. */
  discard({ vm }: MigrationRecord): void {
    this.#open.delete(`${vm}`);
  }

  /** Jobs that an answer says are all under way now: of our own VMs none may be there twice. */
  underWayAtOnce(jobs: readonly { jobId: Id; vmId?: Id | undefined }[]): void {
    const first = new Map<MigrationRecord, Id>();
    for (const { jobId, vmId } of jobs) {
      const record = this.#open.get(`${vmId}`);
      if (!record) continue;
      if (first.has(record) && first.get(record) !== jobId) record.second(jobId);
      first.set(record, jobId);
    }
  }

  evidence(): MigrationEvidence {
    const all = structuredClone(this.#closed);
    for (const record of this.#open.values()) count(all, record);
    return all;
  }
}

function emptyEvidence(): MigrationEvidence {
  const counts = { completed: 0, failed: 0, indeterminate: 0, unfinished: 0, unheard: 0, unsearched: 0 };
  return { checked: 0, violations: 0, examples: [], counts };
}

function count(evidence: MigrationEvidence, record: MigrationRecord): void {
  const { checked, count } = record.verdict;
  if (checked) evidence.checked += 1;
  if (count) evidence.counts[count] += 1;
  if (record.unheard) evidence.counts.unheard += 1;
  if (record.wasNotSearched) evidence.counts.unsearched += 1;
  if (record.breaches.size === 0) return;
  evidence.violations += 1;
  if (evidence.examples.length < MAX_EXAMPLES) evidence.examples.push(record.broken());
}

/**
 * A migration that was accepted ends, once, with the VM running in the target zone as it was before, and nothing lost; one that
 * failed leaves it where it was; no second VM stays behind. Its phases come in order, what tells of it tells of its VM, the stream
 * and REST agree on it, and no VM has two at once.
 */
export function migrationContinuity(slices: MigrationEvidence[]): Judgement {
  const all = emptyEvidence();
  for (const slice of slices) {
    all.checked += slice.checked;
    all.violations += slice.violations;
    all.examples.push(...slice.examples);
    for (const key of Object.keys(all.counts) as (keyof MigrationCounts)[]) all.counts[key] += slice.counts[key];
  }
  const { checked, violations, counts } = all;
  const examples: unknown[] = all.examples.slice(0, MAX_EXAMPLES);
  const status = violations > 0 ? 'violated' : checked > 0 && counts.unfinished === 0 ? 'ok' : 'unknown';
  if (status === 'unknown') {
    examples.push(
      checked === 0
        ? 'no migration was followed to its end'
        : `${counts.unfinished} ${counts.unfinished === 1 ? 'migration was' : 'migrations were'} under way when nobody could look any more`,
    );
  }
  return { checked, violations, examples, status, counts: { ...counts } };
}
