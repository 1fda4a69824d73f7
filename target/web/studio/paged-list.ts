import { counted } from '../counts.ts';
import { element, KeyedList, type Row, setText } from '../dom.ts';
import { Loader } from '../loader.ts';
import { button, enable, onPress } from '../row-buttons.ts';
import { PAGE_SIZE, type Page } from './api.ts';
import type { Context } from './context.ts';

export interface PagedListOptions<T> {
  /** Filled with the list. */
  container: HTMLElement;
  /** What is listed, as in `agent`. */
  noun: string;
  headings: readonly string[];
  /** @param page counts from 1 */
  read(page: number): Promise<Page<T>>;
  row(): Row<T>;
}

/** A list that the server gives page by page, newest first. */
export class PagedList<T extends { id: string }> {
  readonly #options: PagedListOptions<T>;
  readonly #context: Context;
  readonly #count = element('p', '');
  readonly #place = element('span', '');
  readonly #previous = button('Previous');
  readonly #next = button('Next');
  readonly #error = element('p', 'error');
  readonly #empty = element('p', 'empty muted', 'Loading…');
  readonly #rows = element('tbody', '');
  readonly #list: KeyedList<T>;
  readonly #loader: Loader;
  #page = 1;
  #shown: Page<T> = { rows: [], total: 0 };
  #actionProblem = '';
  #loadProblem = '';

  constructor(options: PagedListOptions<T>, context: Context) {
    const { container, noun, headings } = options;
    this.#options = options;
    this.#context = context;
    this.#list = new KeyedList<T>(this.#rows, ({ id }) => id, options.row);
    this.#loader = new Loader(
      () => this.#read(),
      (error) => this.#onLoad(error),
    );
    this.#count.dataset.testid = `${noun}-count`;
    this.#error.setAttribute('role', 'alert');
    this.#place.setAttribute('role', 'status');
    this.#place.setAttribute('aria-label', `Page of ${noun}s`);
    const heads = headings.map((heading) => {
      const head = element('th', '', heading);
      head.scope = 'col';
      return head;
    });
    const caption = element('caption', 'hidden', `The ${noun}s, newest first`);
    const pager = element('div', 'pager', this.#previous, this.#place, this.#next);
    container.append(
      element('div', 'list-head', this.#count, pager),
      this.#error,
      element('table', 'studio-list', caption, element('thead', '', element('tr', '', ...heads)), this.#rows),
      this.#empty,
    );
    onPress(this.#previous, () => this.#turn(-1));
    onPress(this.#next, () => this.#turn(1));
    context.signal.addEventListener('abort', () => this.#loader.stop());
  }

  /** What is on the page that is shown. */
  get rows(): readonly T[] {
    return this.#shown.rows;
  }

  load(): void {
    this.#loader.load();
  }

  /** Goes to the first page, where what is new is. */
  loadFirst(): void {
    this.#page = 1;
    this.load();
  }

  /** Does something to what is listed, and looks again. `problem` is what has not been done, if it fails. */
  async act(problem: string, act: () => Promise<void>): Promise<void> {
    this.#actionProblem = '';
    try {
      await act();
    } catch (error) {
      this.#actionProblem = `${problem} ${this.#context.failed(error)}`;
    }
    this.load();
  }

  get #pages(): number {
    return Math.max(1, Math.ceil(this.#shown.total / PAGE_SIZE));
  }

  #turn(by: number): void {
    // Pressed again before the answer: there is nothing before the first page, and what is beyond the last is looked after.
    this.#page = Math.max(1, this.#page + by);
    this.load();
  }

  async #read(): Promise<void> {
    const asked = this.#page;
    this.#shown = await this.#options.read(asked);
    // What was on this page may have gone.
    if (asked !== this.#page || asked <= this.#pages) return;
    this.#page = this.#pages;
    this.#shown = await this.#options.read(this.#page);
  }

  #onLoad(error: unknown): void {
    if (this.#context.signal.aborted) return;
    this.#loadProblem = error === undefined ? '' : `This list may be out of date. ${this.#context.failed(error)}`;
    this.#render();
  }

  #render(): void {
    const { rows, total } = this.#shown;
    const { noun } = this.#options;
    this.#list.render(rows);
    setText(this.#count, this.#loader.hasLoaded ? counted(total, noun) : '');
    setText(this.#place, `Page ${this.#page.toLocaleString('en')} of ${this.#pages.toLocaleString('en')}`);
    setText(this.#error, this.#actionProblem || this.#loadProblem);
    enable(this.#previous, this.#page > 1);
    enable(this.#next, this.#page < this.#pages);
    this.#empty.hidden = rows.length > 0;
    setText(this.#empty, this.#loader.hasLoaded ? `No ${noun}s yet.` : 'Loading…');
  }
}
