/** The name under which the page reports to the test. */
export const pageEventsBinding = '__tandemEvents';

/** A report costs the test about 2 ms of CPU, whatever is in it: they are gathered for so long. */
const REPORT_EVERY_MS = 250;

/**
 * Runs in every document before its own scripts, in the main frame only: reports, in ms, how long each message of a WebSocket
 * took from its arrival to the first task after the frame that shows what it changed.
 *
 * A message has changed something when anything visible was changed between its arrival and that frame, the next one: in
 * its handling, in a task that this began, or in the frame itself. What else changes in that time cannot be told apart.
 * Visible is what has a box on the page, if below the fold. What is drawn on a canvas or changes in a shadow tree is not seen.
 *
 * Arrival is when the page is told (`timeStamp`); how long a busy main thread let a message wait before, no page can tell.
 */
function observeEvents(binding: string, reportEveryMs: number): void {
  // Functions here have no names of their own: a transpiler that keeps names would call a helper the page does not have.
  const report = (window as unknown as Record<string, ((durationsMs: number[]) => Promise<void>) | undefined>)[binding];
  if (window.top !== window || !report) return;
  // An application, or the clock of a test, may put its own in the place of each of them later.
  const [now, frame, later] = [
    performance.now.bind(performance),
    requestAnimationFrame.bind(window),
    setTimeout.bind(window),
  ];
  const { apply } = Reflect;
  const { get: timeStampOf } = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')!;
  /** When they arrived: those whose frame is to come, and those whose frame is being painted. */
  let waiting: number[] = [];
  let painting: number[] = [];
  let changes: MutationRecord[] = [];
  let durationsMs: number[] = [];
  // Observes only from a message to the end of its frame: a page that gets none pays nothing.
  const observer = new MutationObserver((records) => {
    changes = changes.concat(records);
  });
  const page = {
    painted(): void {
      if (painting.length === 0) return;
      const paintedAt = now();
      observer.disconnect();
      const isVisible = changes.some(({ type, target, addedNodes, removedNodes }) => {
        const nodes = type === 'childList' ? [...addedNodes] : [target];
        // Of what is gone it can only be told that there was room for it.
        if (removedNodes.length > 0) nodes.push(target);
        return nodes.some((node) => {
          const element = node instanceof Element ? node : node instanceof Text ? node.parentElement : null;
          return element?.checkVisibility({ visibilityProperty: true });
        });
      });
      if (isVisible) {
        if (durationsMs.length === 0) later(() => page.report(), reportEveryMs);
        // Both are rounded.
        durationsMs.push(...painting.map((arrivedAt) => Math.max(0, paintedAt - arrivedAt)));
      }
      painting = [];
      changes = [];
    },
    report(): void {
      if (durationsMs.length > 0) void report(durationsMs);
      durationsMs = [];
    },
  };
  (window as unknown as Record<string, () => void>)[`${binding}Flush`] = page.report;
  // The page is being left. A popup's window outlives the empty document that it begins with.
  addEventListener('visibilitychange', page.report);
  const afterFrame = new MessageChannel();
  afterFrame.port1.onmessage = () => page.painted();
  window.WebSocket = new Proxy(window.WebSocket, {
    construct(target, parameters, newTarget) {
      const socket: WebSocket = Reflect.construct(target, parameters, newTarget);
      // Before any listener of the app's.
      socket.addEventListener('message', (event) => {
        // This is a task after the last frame, too.
        page.painted();
        if (waiting.push(apply(timeStampOf!, event, [])) > 1) return;
        const options = { subtree: true, childList: true, characterData: true, attributes: true };
        observer.observe(document.body ?? document, options);
        frame(() => {
          painting = waiting;
          waiting = [];
          afterFrame.port2.postMessage(null);
        });
      });
      return socket;
    },
  });
}

/** The whole script for `addInitScript`. */
export function pageEventsScript(): string {
  return `(${observeEvents.toString()})(${JSON.stringify(pageEventsBinding)}, ${REPORT_EVERY_MS});`;
}
