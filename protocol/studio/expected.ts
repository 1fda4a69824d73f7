import { ExpectedResource, type Mismatch, type ResourceKind } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import type { Content, Resource } from './api.ts';

/** Agents and pipelines have no states of their own accord: what is said of their status is content. */
const THERE = 'there';

const kind: ResourceKind<Content> = {
  initial: [THERE],
  isSame: (found, written) => holds(found, written),
  shown: (content) => content,
};

/** Whether all that was written is in what was found, which may have more. */
export function holds(found: unknown, written: unknown): boolean {
  if (typeof written !== 'object' || written === null) return found === written;
  if (typeof found !== 'object' || found === null) return false;
  if (Array.isArray(written) && (!Array.isArray(found) || found.length !== written.length)) return false;
  return Object.entries(written).every(([name, value]) => holds((found as Content)[name], value));
}

/** What a VU's agent or pipeline must be, by all that was asked of it and answered. */
export class Expected extends ExpectedResource<Content, Id> {
  /** It was just created. @param atMs since the run's start */
  constructor(counter: number, id: Id, content: Content, write: string, atMs: number) {
    super(kind, counter, id, content, write, atMs);
  }

  /** Compares it with what was seen, and learns from that. Gives what is wrong, if anything is. */
  see(seen: Resource): Mismatch | undefined {
    const wrong = this.compare(seen.id, THERE, seen);
    if (wrong?.breach !== 'changed') return wrong;
    // A report takes what was written; of what was found there may be any amount beside it.
    const found = Object.fromEntries(Object.keys(this.content).map((name) => [name, seen[name]]));
    return { ...wrong, found: { id: seen.id, ...found } };
  }

  /** What a whole list has wrong of it; undefined as a row: it is not there. A row may have less than a single read. */
  asListed(row: Resource | undefined): Mismatch | undefined {
    if (!row) return this.inList(undefined);
    const said = Object.entries(row).filter(([name]) => Object.hasOwn(this.content, name));
    return this.inList({ state: THERE, content: { ...this.content, ...Object.fromEntries(said) } });
  }
}
