import { setTimeout as wait } from 'node:timers/promises';
import type { SliceContext, Vu } from '../../support/test.ts';
import type { IntegrityOptions } from './options.ts';
import { agree, comparable, compared, type Part, type Sighting } from './part.ts';
import { openParts, type Parts } from './parts.ts';

/** What differs at so many looks in a row, so far apart, differs: what was written a moment ago may be on its way. */
const LOOKS = 4;
const LOOK_EVERY_MS = 500;
/** How long whoever does not answer is asked again, when the run is over. */
const LAST_LOOK_MS = 30_000;
/** Of what differs, the most that are told in full. */
const MAX_EXAMPLES = 20;

/** Of what was seen of one part. */
export interface PartEvidence {
  part: string;
  checks: number;
  passed: number;
  /** Of those that did not pass. */
  examples: object[];
  /** What was last in the way of a look. */
  why?: string;
  /** The last look, when all was quiet, could not be had. */
  isUnseen?: true;
}

export const integrityMetrics = {
  /** Things that were looked at, by part: each as all see it who can be asked. */
  integrity_checks: 'counter',
  /** Those of which all say the same. */
  integrity_passed: 'counter',
} as const;

/** Looks at an interval, and after every drill, whether all who can be asked say the same of the parts of a target. */
export class Inspector {
  readonly #vu: Vu;
  readonly #slice: SliceContext<IntegrityOptions>;
  readonly #parts: Parts;
  readonly #seen = new Map<string, PartEvidence>();
  readonly #stop = new AbortController();
  #comparing: Promise<unknown> | undefined;
  /** The looks under way: those that were given up at the end of the load go on for a while. */
  #working: Promise<void> = Promise.resolve();
  /** Of the drills, how many were over when the last looks were begun. */
  #drillsOver = 0;
  #nextMs = 0;

  static async open(vu: Vu, slice: SliceContext<IntegrityOptions>): Promise<Inspector> {
    return new Inspector(vu, slice, await openParts(slice, vu.id, () => {}));
  }

  private constructor(vu: Vu, slice: SliceContext<IntegrityOptions>, parts: Parts) {
    this.#vu = vu;
    this.#slice = slice;
    this.#parts = parts;
    for (const { name } of parts.all) this.#seen.set(name, { part: name, checks: 0, passed: 0, examples: [] });
  }

  /** Waits until it is time to look, and looks. */
  inspect(): Promise<void> {
    this.#working = this.#inspect();
    return this.#working;
  }

  /** The last look, and a backup, when nobody else loads the target any more. */
  async settle(): Promise<void> {
    // What is being changed is not yet what it will be.
    await this.#working.catch(() => {});
    const untilMs = performance.now() + LAST_LOOK_MS;
    const isOver = () => performance.now() > untilMs || this.#slice.signal.aborted;
    for (const part of this.#parts.all)
      if (!(await this.#look(part, isOver))) this.#seen.get(part.name)!.isUnseen = true;
    const { backup } = this.#parts;
    if (!backup) return;
    const evidence: PartEvidence = { part: 'backup', checks: 0, passed: 0, examples: [] };
    this.#seen.set(evidence.part, evidence);
    this.#comparing = backup.compare(AbortSignal.any([this.#slice.signal, this.#stop.signal])).then(
      (tables) => this.#count(evidence, tables),
      (error: Error) => {
        evidence.why = error.message;
      },
    );
    await this.#comparing;
  }

  evidence() {
    return { integrity: [...this.#seen.values()] };
  }

  /** Whatever is under way is ended and undone. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#comparing;
    await Promise.all(this.#parts.all.map((part) => part.close()));
  }

  async #inspect(): Promise<void> {
    const { drills, endsAfterMs, options } = this.#slice;
    const drillMs = drills[this.#drillsOver]?.endsAfterMs ?? Number.POSITIVE_INFINITY;
    const dueMs = Math.min(this.#nextMs, drillMs, endsAfterMs);
    await this.#wait(dueMs - this.#slice.elapsedMs());
    if (this.#slice.isOver()) return;
    const now = this.#slice.elapsedMs();
    this.#drillsOver = drills.filter((drill) => drill.endsAfterMs <= now).length;
    this.#nextMs = now + options.everyMs;
    for (const part of this.#parts.all) {
      // What was there is still there; and what is done now is seen by all.
      await this.#look(part, () => this.#slice.isOver());
      await part.change();
      await this.#look(part, () => this.#slice.isOver());
    }
  }

  /** Until all answer, and say the same, or do not for too long. @returns whether all answered */
  async #look(part: Part, isOver: () => boolean): Promise<boolean> {
    const evidence = this.#seen.get(part.name)!;
    for (let looks = 0; !isOver() && !this.#stop.signal.aborted; await this.#wait(LOOK_EVERY_MS)) {
      let sightings: Sighting[];
      try {
        sightings = comparable(await part.look());
      } catch (error) {
        // Who is away contradicts nobody.
        evidence.why = (error as Error).message;
        continue;
      }
      looks += 1;
      if (looks < LOOKS && !sightings.every(({ views }) => agree(views))) continue;
      this.#count(evidence, sightings);
      for (const { id, views } of sightings) if (!agree(views)) part.forget(id);
      return true;
    }
    return false;
  }

  #count(evidence: PartEvidence, sightings: Sighting[]): void {
    const { part } = evidence;
    const wrong = sightings.filter(({ views }) => !agree(views));
    const passed = sightings.length - wrong.length;
    evidence.checks += sightings.length;
    evidence.passed += passed;
    this.#vu.add('integrity_checks', sightings.length, { part });
    this.#vu.add('integrity_passed', passed, { part });
    const atMs = Math.round(this.#slice.elapsedMs());
    // By now, not when the look was begun: that may have waited for who was away.
    const after = this.#slice.drills.findLast(({ endsAfterMs }) => endsAfterMs <= atMs)?.name;
    const room = Math.max(0, MAX_EXAMPLES - evidence.examples.length);
    for (const { id, views } of wrong.slice(0, room))
      evidence.examples.push({ part, id, atMs, ...(after !== undefined && { afterDrill: after }), ...compared(views) });
  }

  async #wait(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#slice.signal, this.#stop.signal]);
    await wait(Math.max(0, ms), undefined, { signal }).catch(() => {});
  }
}
