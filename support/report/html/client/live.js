import { element, scrollingTable, tableRow } from './look.js';
import { drawTime } from './time.js';

/** @typedef {import('../live.ts').LiveView} LiveView */
/** @typedef {import('../live.ts').LivePoint} LivePoint */

/** @type {import('../live.ts').LivePayload} */
const { titles, charts } = JSON.parse(document.getElementById('payload')?.textContent ?? '');
const place = /** @type {HTMLElement} */ (document.getElementById('charts'));
/** @type {LivePoint[]} */
let points = [];
/** @type {LiveView | undefined} */
let view;
/** @type {((course: import('./time.js').Course) => void) | undefined} */
let redraw;

const events = new EventSource('/events');
// After a lost connection too: then it begins anew, perhaps with another run.
events.addEventListener('course', ({ data }) => {
  /** @type {import('../live.ts').LiveCourse} */
  const course = JSON.parse(data);
  if (view && identity(course.view) !== identity(view)) return location.reload();
  points = course.points;
  if (course.view) tell(course.view);
  draw();
});
events.addEventListener('second', ({ data }) => {
  /** @type {import('../live.ts').LiveSecond} */
  const second = JSON.parse(data);
  tell(second.view);
  if (!second.point) return;
  points.push(second.point);
  draw();
});
events.addEventListener('done', () => {
  events.close();
  location.reload();
});
events.addEventListener('error', () => {
  say('phase', 'not connected');
  say('doing', 'the run has ended, or its process does not answer');
});

/** What the charts were made for. @param {LiveView | null} of */
function identity(of) {
  return JSON.stringify([of?.runId, of?.scopes]);
}

/** @param {LiveView} next */
function tell(next) {
  view = next;
  const { runId, profile, target, phase, doing, stopped, troubles, timeLeft, share, figures, scenarios } = view;
  document.title = `${phase} · ${profile} → ${target.name}`;
  say('name', `${profile} → ${target.name}`);
  say('run', `${target.url} · run ${runId}`);
  say('phase', phase);
  say('doing', doing);
  say('stopped', stopped && `The run is being stopped: ${stopped}`);
  say('time-left', timeLeft);
  const list = /** @type {HTMLElement} */ (document.getElementById('troubles'));
  list.hidden = troubles.length === 0;
  if (list.children.length !== troubles.length) {
    list.replaceChildren(...troubles.map(() => element('li', { class: 'fail' })));
  }
  fill(list.children, troubles);
  /** @type {HTMLProgressElement} */ (document.getElementById('share')).value = share;
  fill(document.querySelectorAll('#figures dd'), figures);
  const root = /** @type {HTMLElement} */ (document.getElementById('scenarios'));
  const rows = root.querySelectorAll('tbody tr');
  if (rows.length !== scenarios.length) {
    root.querySelector('.scroll')?.remove();
    root.append(
      scrollingTable(
        'Scenarios',
        ['scenario', ...titles],
        scenarios.map((one) => tableRow(one.name, one.figures)),
      ),
    );
  } else for (const [i, one] of scenarios.entries()) fill(rows[i]?.querySelectorAll('td') ?? [], one.figures);
}

/** What is said already is not said again. @param {string} id @param {string} text */
function say(id, text) {
  fill([/** @type {HTMLElement} */ (document.getElementById(id))], [text]);
}

/** @param {Iterable<Element>} elements @param {string[]} texts */
function fill(elements, texts) {
  for (const [i, one] of [...elements].entries()) {
    if (one.textContent !== texts[i]) one.textContent = texts[i] ?? '';
  }
}

function draw() {
  // A line has two ends.
  if (!view || points.length < 2) return;
  const course = {
    times: points.map(({ atMs }) => atMs / 1_000),
    intervals: points.length,
    starts: [],
    windows: windows(),
    spans: [],
    events: [],
    charts,
    scopes: view.scopes.map((name, i) => ({ name, columns: columnsOf(i) })),
    columns: {
      lateness: points.map(({ latenessMs }) => latenessMs),
      target_cpu_percent: points.map(({ targetCpuPercent }) => targetCpuPercent),
      target_memory_bytes: points.map(({ targetMemoryMB }) => targetMemoryMB),
    },
  };
  if (redraw) redraw(course);
  else redraw = drawTime(place, course).longer;
}

function windows() {
  /** @type {import('./time.js').RunWindow[]} */
  const all = [];
  for (const { atMs, window: name, isQuiet } of points) {
    const last = all.at(-1);
    if (last?.name === name) last.endMs = atMs;
    else all.push({ name, isQuiet, startMs: last?.endMs ?? 0, endMs: atMs });
  }
  return all;
}

/** @param {number} scope */
function columnsOf(scope) {
  const own = points.map(({ scopes }) => /** @type {import('../live.ts').LiveScopePoint} */ (scopes[scope]));
  /** By the second, from what is counted since the start. @param {number[]} counts */
  const perSecond = (counts) =>
    counts.map((count, i) => {
      const seconds = ((points[i]?.atMs ?? 0) - (points[i - 1]?.atMs ?? 0)) / 1_000;
      return seconds > 0 ? (count - (counts[i - 1] ?? 0)) / seconds : 0;
    });
  return {
    done: own.map(([rate]) => rate),
    p95: own.map(([, p95]) => p95),
    failed: perSecond(own.map(([, , failed]) => failed)),
    dropped: perSecond(own.map(([, , , dropped]) => dropped)),
    busy: own.map(([, , , , busy]) => busy),
    most: own.map(([, , , , , most]) => most),
  };
}
