/**
 * Marks: what a protocol worker writes into a change so that a page which shows it can say how long the change took.
 *
 * The two moments come from two processes. On one machine both read its wall clock; between machines the figure is off by
 * what their clocks differ, which NTP bounds to a few milliseconds.
 */

/** A change of another device, as a page shows it. */
export interface Mark {
  /** Of the changed entity. */
  id: string;
  /** Immediately before it was sent; see {@link epochMs}. */
  pushedAt: number;
}

/** A mark that has become visible. */
export interface PaintedMark extends Mark {
  /** The first task after the frame in which it was painted; see {@link epochMs}. */
  paintedAt: number;
}

const PREFIX = 'Remote change ';
/** No anchors: an app may put text of its own around it. */
const PATTERN = `${PREFIX}([\\w-]+) at (\\d+\\.\\d{3})`;

/** Ms since 1970 on the wall clock, with its fractions: the same instant has the same value in all processes of a machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The text that carries a mark, such as a transaction's payee. */
export function markText({ id, pushedAt }: Mark): string {
  return `${PREFIX}${id} at ${pushedAt.toFixed(3)}`;
}

/** The mark that a text carries; undefined without one. */
export function markOf(text: string): Mark | undefined {
  const [, id, pushedAt] = new RegExp(PATTERN).exec(text) ?? [];
  return id === undefined ? undefined : { id, pushedAt: Number(pushedAt) };
}

/** The name under which the page reports to the test. */
export const marksBinding = '__tandemMark';

/** Everything that {@link watchMarks} needs to know in the page. */
export const marksOptions = { binding: marksBinding, prefix: PREFIX, pattern: PATTERN };

/**
 * Runs in the page: from now on reports every mark that was pushed from now on, once, when it has been painted. Painted is
 * what has a box on the page, if below the fold.
 *
 * An intersection observer is asked about a new element in the frame that shows it first, and answers in the first task after
 * that frame. An animation frame requested here would be one too late for an app that renders in animation frames itself.
 */
export function watchMarks({ binding, prefix, pattern }: typeof marksOptions): void {
  // Functions here have no names of their own: a transpiler that keeps names would call a helper the page does not have.
  const global = window as unknown as Record<string, (mark: PaintedMark) => Promise<void>>;
  const report = global[binding]!;
  // Each is reported once, however often it is asked for.
  if (global[`${binding}Watched`]) return;
  global[`${binding}Watched`] = report;
  const from = performance.timeOrigin + performance.now();
  const expression = new RegExp(pattern);
  const known = new Set<string>();
  const unpainted = new Map<Element, Mark>();
  const painted = new IntersectionObserver(
    (entries) => {
      const paintedAt = performance.timeOrigin + performance.now();
      for (const { target, isIntersecting } of entries) {
        const mark = unpainted.get(target);
        if (!mark || !isIntersecting) continue;
        unpainted.delete(target);
        painted.unobserve(target);
        void report({ ...mark, paintedAt });
      }
    },
    { rootMargin: '1000000px' },
  );
  new MutationObserver((mutations) => {
    for (const { type, target, addedNodes } of mutations) {
      for (const node of type === 'characterData' ? [target] : addedNodes) {
        if (!node.textContent?.includes(prefix)) continue;
        const texts = document.createNodeIterator(node, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
          const [, id, moment] = expression.exec(text.nodeValue ?? '') ?? [];
          const pushedAt = Number(moment);
          if (id === undefined || pushedAt < from || known.has(id) || !text.parentElement) continue;
          known.add(id);
          unpainted.set(text.parentElement, { id, pushedAt });
          painted.observe(text.parentElement);
        }
      }
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}
