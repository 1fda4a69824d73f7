import { setTimeout as wait } from 'node:timers/promises';
import {
  type LifecycleEvidence,
  listLagMs,
  type Mislisted,
  type Mismatch,
  onlyListed,
  ResourceHistory,
  type Vu,
} from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import type { Content, Resource } from './api.ts';
import type { Choice } from './choice.ts';
import { Expected } from './expected.ts';
import type { Member } from './member.ts';

/** Two pages of a list are a collection: the pages that people turn are those that are compared with it in the end. */
const PAGE_SIZE = 10;
/** What a VU keeps at one time: as many creations as deletions alone would let lists grow without bound. */
const MAX_KEPT = 2 * PAGE_SIZE;
const MAX_SWEPT_PAGES = 100;
/** A read at the end that has no answer is repeated so often. */
const LAST_LOOKS = 3;
/** After so many deletions without an answer the target is taken to be gone. */
const MAX_SILENCES = 3;
const GONE = [404, 410];
const listedTwice: Mismatch = { breach: 'mislisted', expected: 'once in the list', found: 'twice' };

/** All pages of a list. */
interface Listing {
  rows: ReadonlyMap<Id, Resource>;
  /** Ids that came again beside others that had not come before. */
  twice: ReadonlySet<Id>;
}

/** What the collections of a slice know of each other. */
export interface Neighbours {
  /** One of another VU's that is there as far as it knows: nobody else may see it. */
  stranger(vuId: number): Id | undefined;
  /** @param id undefined: there is none any more */
  show(vuId: number, id: Id | undefined): void;
}

/** The agents, or pipelines, that one VU has: makes, lists, changes and deletes them, and looks whether they are what it asked for. */
export class Collection {
  /** Its names begin so, then comes a counter. */
  readonly prefix: string;
  readonly #member: Member;
  readonly #vu: Vu;
  readonly #choice: Choice;
  readonly #neighbours: Neighbours;
  readonly #history = new ResourceHistory();
  readonly #kept: Expected[] = [];
  /** Creations that were never answered, by counter. */
  readonly #openCreations = new Map<number, Content>();
  /** Ids of those that broke a promise: nothing more is asked of them but to be deleted. */
  readonly #setAside = new Set<Id>();
  /** Ids that a list had and a single read did not find. */
  readonly #onlyListed = new Set<Id>();
  #counter = 0;
  /** The operation under way: one that was given up at the end of the load goes on for a while. */
  #working: Promise<unknown> = Promise.resolve();
  #isSettled = false;

  constructor(member: Member, vu: Vu, choice: Choice, neighbours: Neighbours) {
    this.#member = member;
    this.#vu = vu;
    this.#choice = choice;
    this.#neighbours = neighbours;
    this.prefix = `tandem-${vu.slice.runId}-${vu.slice.scenario}-${vu.id}-`;
  }

  /** Whose they are; undefined before that is known. */
  get organization(): Id | undefined {
    return this.#member.organization;
  }

  /** How many it has, as far as it knows. */
  get size(): number {
    return this.#kept.length;
  }

  /** So many more, which are no part of the load: with nothing to change or delete a short run would not be of its mix. */
  prepare(count: number): Promise<void> {
    return this.#member.unmeasured(async () => {
      // A target that fails here is given no more to do before its time.
      for (let n = 0; n < count; n++) if (!(await this.#create())) return;
    });
  }

  create(): Promise<void> {
    return this.#work(() => this.#createInBounds());
  }

  /** Two pages. */
  list(): Promise<void> {
    return this.#work(() => this.#list());
  }

  /** Changes one and reads it back. */
  update(): Promise<void> {
    return this.#work(() => this.#update());
  }

  /** Deletes one and looks whether it is gone. */
  delete(): Promise<void> {
    return this.#work(() => this.#delete());
  }

  /** The id of one that is there, made if need be; undefined when there is none to be had. */
  async any(): Promise<Id | undefined> {
    let id: Id | undefined;
    await this.#work(async () => {
      id = (this.#pick() ?? (await this.#create()))?.id;
    });
    return id;
  }

  /** The last look at everything, then deletes it. */
  async settle(): Promise<void> {
    await this.#working.catch(() => {});
    if (this.#counter === 0 || !(await this.#member.isSignedIn())) return;
    await this.#lookForStranger();
    const listing = await this.#sweep();
    const rows = listing?.rows;
    const later = async () => {
      await wait(listLagMs, undefined, { signal: this.#vu.slice.signal }).catch(() => {});
      return this.#sweep();
    };
    for (const row of rows?.values() ?? []) if (row.name.startsWith(this.prefix)) await this.#claim(row);
    for (const one of [...this.#kept]) await this.#lookLast(one);
    if (listing) await this.#history.listed(listing, { wrongIn: (list) => this.#wrongIn(list), later });
    else this.#history.count('unswept');
    if (rows) this.#history.count('reconciled', this.#openCreations.size);
    if (this.#vu.slice.signal.aborted) return;
    await this.#member.unmeasured(() => this.#deleteLeft());
    this.#isSettled = true;
  }

  /** Deletes what is left of a run that was stopped. Every step of it may be the last. */
  async cleanUp(): Promise<void> {
    if (this.#kept.length + this.#setAside.size > 0) await this.#member.unmeasured(() => this.#deleteLeft());
  }

  /** Null when nothing was ever made. */
  evidence(): LifecycleEvidence | null {
    if (this.#counter === 0) return null;
    const left = this.#kept.length + this.#setAside.size;
    return this.#history.evidence(this.#isSettled ? { leftBehind: left } : { unread: left });
  }

  async #work(work: () => Promise<void>): Promise<void> {
    const working = this.#member.isSignedIn().then((isIn) => (isIn ? work() : undefined));
    this.#working = working;
    await working;
  }

  async #createInBounds(): Promise<void> {
    await this.#create();
    const oldest = this.#kept[0];
    if (oldest && this.#kept.length > MAX_KEPT) await this.#remove(oldest);
  }

  async #create(): Promise<Expected | undefined> {
    const { kind, spec } = this.#choice;
    this.#counter += 1;
    const counter = this.#counter;
    const content = spec(this.#vu, `${this.prefix}${counter}`);
    const { organization } = this.#member;
    const body = kind.noun === 'pipeline' ? { organization_id: organization, ...content } : content;
    const { result, status, value } = await this.#member.api.create(kind, body);
    if (result === 'refused') return undefined;
    if (!value) {
      this.#openCreations.set(counter, content);
      this.#history.count('indeterminate');
      return undefined;
    }
    const one = this.#take(counter, value.id, content, `create → ${status}`);
    return this.#see(one, value) ? one : undefined;
  }

  async #list(): Promise<void> {
    const { kind } = this.#choice;
    const isStill = this.#openCreations.size === 0 && this.#kept.every((one) => one.open === 0);
    const seen = new Set<Id>();
    let shown = 0;
    for (const page of [1, 2]) {
      const { value } = await this.#member.api.list(kind, page, PAGE_SIZE);
      if (!value) return;
      const rows = this.#member.own(value.rows, `${kind.noun}-list`);
      this.#vu.check(`${kind.noun}-list: at most as many as asked for`, rows.length <= PAGE_SIZE);
      for (const { id } of rows) seen.add(id);
      shown += rows.length;
    }
    // What comes or goes meanwhile moves the others from page to page.
    if (isStill) this.#vu.check(`${kind.noun}-list: none is on two pages`, seen.size === shown);
  }

  async #update(): Promise<void> {
    const one = this.#pick();
    if (!one) return this.#createInBounds();
    const { kind, change } = this.#choice;
    const { isGraph, content } = change(this.#vu);
    const { api } = this.#member;
    const { result, status, value } = isGraph
      ? await api.updateGraph(one.id, content)
      : await api.update(kind, one.id, content);
    if (result === 'done') {
      one.written(content);
      one.answered(isGraph ? 'update of the graph' : 'update', status, this.#vu.slice.elapsedMs());
    }
    if (result === 'unknown') {
      one.mayHaveWritten(content);
      this.#history.count('indeterminate');
    }
    if (value && !this.#see(one, value)) return;
    await this.#look(one);
  }

  async #delete(): Promise<void> {
    const one = this.#kept.find(({ open }) => open > 0) ?? this.#pick();
    if (one) await this.#remove(one);
    else await this.#createInBounds();
  }

  /** True when it is deleted now, whatever is seen of it after that. */
  async #remove(one: Expected): Promise<boolean> {
    const { kind } = this.#choice;
    this.#neighbours.show(this.#vu.id, undefined);
    const { result, status } = await this.#member.api.delete(kind, one.id, one.mayBeGone);
    if (result === 'unknown') {
      one.mayHaveDeleted();
      this.#history.count('indeterminate');
    }
    if (result === 'refused' && status === 404) await this.#look(one);
    if (result !== 'done') return false;
    this.#deleted(one, `delete → ${status}`);
    const after = await this.#member.api.get(kind, one.id, GONE);
    if (after.status === 0 || after.status === 429 || after.status >= 500) return true;
    this.#history.looked();
    if (after.status !== 200) return true;
    this.#setAside.add(one.id);
    this.#history.broken({ breach: 'resurrected', expected: 404, found: 200 }, this.#example(one));
    return true;
  }

  #deleted(one: Expected, write: string): void {
    one.lastWrite = write;
    this.#forget(one);
    this.#history.deleted(one.counter);
    this.#history.count('reconciled', one.open);
  }

  /** True when it is what it has to be, false when it is not or is gone; undefined when nobody knows. */
  async #look(one: Expected): Promise<boolean | undefined> {
    const good = one.mayBeGone ? [200, ...GONE] : [200];
    const { status, value } = await this.#member.api.get(this.#choice.kind, one.id, good);
    if (value) return this.#see(one, value);
    if (!GONE.includes(status)) return undefined;
    this.#history.looked();
    if (one.mayBeGone) this.#deleted(one, 'delete, never answered');
    else this.#broken(one, { breach: 'lost', expected: 200, found: status });
    return false;
  }

  #see(one: Expected, found: Resource): boolean {
    this.#history.looked();
    const { open } = one;
    const wrong = one.see(found);
    this.#history.count('reconciled', open - one.open);
    if (wrong) this.#broken(one, wrong);
    return this.#vu.check(`${this.#choice.kind.noun} is as it was left`, wrong === undefined);
  }

  async #lookLast(one: Expected): Promise<void> {
    for (let look = 1; look <= LAST_LOOKS; look++) {
      if (this.#vu.slice.signal.aborted) break;
      if ((await this.#look(one)) === undefined) continue;
      // What has not come by now never will.
      if (this.#kept.includes(one)) this.#history.count('reconciled', one.open);
      return;
    }
    this.#history.count('unread');
  }

  /** What a list has wrong of what this VU has. */
  #wrongIn({ rows, twice }: Listing): Mislisted[] {
    const wrong: Mislisted[] = [];
    for (const one of this.#kept) {
      const mismatch = twice.has(one.id) ? listedTwice : one.asListed(rows.get(one.id));
      if (mismatch) wrong.push({ mismatch, example: this.#example(one) });
    }
    for (const id of this.#onlyListed) {
      const row = rows.get(id);
      const example = { [this.#choice.kind.noun]: row?.name, id, seenAtMs: this.#nowMs() };
      if (row) wrong.push({ mismatch: onlyListed, example });
    }
    return wrong;
  }

  /** All that the organisation has of this kind, as lists tell; undefined when that cannot be read to its end. */
  async #sweep(): Promise<Listing | undefined> {
    const { kind } = this.#choice;
    const all = new Map<Id, Resource>();
    const twice = new Set<Id>();
    for (let page = 1; page <= MAX_SWEPT_PAGES; page++) {
      let value: Awaited<ReturnType<Member['api']['list']>>['value'];
      for (let look = 1; look <= LAST_LOOKS && !value; look++) {
        if (this.#vu.slice.signal.aborted) return undefined;
        ({ value } = await this.#member.api.list(kind, page, PAGE_SIZE));
      }
      if (!value) return undefined;
      const before = all.size;
      const again: Id[] = [];
      for (const row of this.#member.own(value.rows, `${kind.noun}-list`)) {
        if (all.has(row.id)) again.push(row.id);
        all.set(row.id, row);
      }
      // After the last page some give it once more, or all.
      if (all.size > before) for (const id of again) twice.add(id);
      const { total = Number.POSITIVE_INFINITY } = value;
      if (all.size === before || all.size >= total) return { rows: all, twice };
    }
    this.#vu.check(`${kind.noun}-list: comes to an end`, false);
    return undefined;
  }

  /** One that carries this VU's name: it must be one of its own. */
  async #claim(row: Resource): Promise<void> {
    if (this.#setAside.has(row.id) || this.#kept.some(({ id }) => id === row.id)) return;
    const counter = Number(row.name.slice(this.prefix.length));
    const content = this.#openCreations.get(counter);
    if (content) {
      this.#openCreations.delete(counter);
      this.#history.count('reconciled');
      this.#take(counter, row.id, content, 'create, never answered');
      return;
    }
    // A list may be a moment old.
    const { status } = await this.#member.api.get(this.#choice.kind, row.id, [200, ...GONE]);
    if (status !== 200 && !GONE.includes(status)) return;
    this.#history.looked();
    if (status !== 200) {
      this.#onlyListed.add(row.id);
      return;
    }
    this.#setAside.add(row.id);
    const breach = this.#history.wasDeleted(counter) ? 'resurrected' : 'orphan';
    const example = { [this.#choice.kind.noun]: row.name, id: row.id, seenAtMs: this.#nowMs() };
    this.#history.broken({ breach, expected: 404, found: 200 }, example);
  }

  /** What another organisation has is refused, or as if it were not there. */
  async #lookForStranger(): Promise<void> {
    const id = this.#neighbours.stranger(this.#vu.id);
    if (id === undefined) return;
    const { kind } = this.#choice;
    const { value } = await this.#member.unmeasured(() => this.#member.api.get(kind, id, [200, 403, ...GONE]));
    if (value) this.#member.own([value], `${kind.noun}-get`);
  }

  async #deleteLeft(): Promise<void> {
    let silences = 0;
    for (const id of [...this.#kept.map((one) => one.id), ...this.#setAside]) {
      const { result, status } = await this.#member.api.delete(this.#choice.kind, id, true);
      silences = status === 0 ? silences + 1 : 0;
      if (silences === MAX_SILENCES) return;
      if (result !== 'done') continue;
      this.#setAside.delete(id);
      const one = this.#kept.find((each) => each.id === id);
      if (one) this.#deleted(one, `delete → ${status}`);
    }
  }

  #take(counter: number, id: Id, content: Content, write: string): Expected {
    const one = new Expected(counter, id, content, write, this.#vu.slice.elapsedMs());
    this.#kept.push(one);
    this.#history.created(counter);
    this.#neighbours.show(this.#vu.id, id);
    return one;
  }

  /** One of which nothing is open. */
  #pick(): Expected | undefined {
    const closed = this.#kept.filter(({ open }) => open === 0);
    return closed.length === 0 ? undefined : this.#vu.random.pick(closed);
  }

  #broken(one: Expected, mismatch: Mismatch): void {
    this.#forget(one);
    this.#setAside.add(one.id);
    this.#history.broken(mismatch, this.#example(one));
  }

  #forget(one: Expected): void {
    const place = this.#kept.indexOf(one);
    if (place >= 0) this.#kept.splice(place, 1);
  }

  /** What a person needs to look for themselves. */
  #example({ id, content, lastWrite, lastWriteAtMs }: Expected): object {
    const name = { [this.#choice.kind.noun]: content.name };
    return { ...name, id, lastWrite, lastWriteAtMs: Math.round(lastWriteAtMs), seenAtMs: this.#nowMs() };
  }

  #nowMs(): number {
    return Math.round(this.#vu.slice.elapsedMs());
  }
}
