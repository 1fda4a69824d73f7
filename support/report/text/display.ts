/** A run as it goes: a block redrawn in place on a terminal, plain lines anywhere else. */
import { stripVTControlCharacters } from 'node:util';
import { bytes, clock, count, ms, NONE, rate } from '../../judge/words/figures.ts';
import { displayWidth, printable, shorten } from '../../judge/words/text.ts';
import { doing, errors, type LiveDisplay, type LiveSnapshot, timeLeft, troubles } from '../live.ts';
import { box, type Paint, paint, table, wantsColor } from './ansi.ts';

/** What is needed of a stream; `process.stdout` has it. */
export interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

const WIDEST = 110;

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Between these a terminal that can shows nothing, so that no half frame is seen. Others ignore them. */
const BEGIN_FRAME = '\x1b[?2026h';
const END_FRAME = '\x1b[?2026l';
const CLEAR_TO_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

function bar(share: number, width: number, p: Paint): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return p.cyan('━'.repeat(full)) + p.dim('─'.repeat(width - full));
}

/** The lines of one frame, none wider than `width`, at most `height`. Nothing from the target reaches them unescaped. */
function frame(snapshot: LiveSnapshot, width: number, height: number, p: Paint): string[] {
  const inner = width - 4;
  const times = timeLeft(snapshot);
  const phase = snapshot.phase.padEnd('preparing'.length);
  const barWidth = Math.max(0, inner - displayWidth(phase) - displayWidth(times) - 4);
  const progress = `${p.bold(phase)}  ${bar(snapshot.elapsedMs / (snapshot.totalMs || 1), barWidth, p)}  ${times}`;

  const rows = snapshot.scenarios.map((s) => {
    const busy = s.maxVUs > 0 && s.activeVUs >= s.maxVUs;
    return [
      { text: printable(s.name), style: s.kind === 'journey' ? p.cyan : undefined },
      s.kind === 'journey' ? { text: 'browser', style: p.dim } : { text: 'protocol', style: p.dim },
      { text: count(s.iterations), style: p.dim },
      rate(s.ratePerSecond),
      s.p95Ms === null ? { text: NONE, style: p.dim } : ms(s.p95Ms),
      { text: errors(s), style: s.failed > 0 ? p.red : p.dim },
      { text: `${count(s.activeVUs)}/${count(s.maxVUs)}`, style: busy ? p.yellow : undefined },
      { text: count(s.dropped), style: s.dropped > 0 ? p.red : p.dim },
    ];
  });
  const wrong = troubles(snapshot).map((line) => p.red(shorten(line, inner)));
  // Around the scenarios stand 8 lines: two edges, the progress, two rules, the titles, two lines of figures.
  const room = Math.max(1, height - 8 - (wrong.length > 0 ? wrong.length + 1 : 0));
  const visible = rows.length > room ? rows.slice(0, room - 1) : rows;
  const hidden = rows.length - visible.length;
  const scenarios = table(
    [
      { title: 'scenario', side: 'left' },
      { title: '', side: 'left', optional: true },
      { title: 'iterations', side: 'right', optional: true },
      { title: 'rate', side: 'right' },
      { title: 'p95', side: 'right' },
      { title: 'errors', side: 'right' },
      { title: 'VUs', side: 'right' },
      { title: 'dropped', side: 'right' },
    ],
    visible,
    { width: inner, paint: p, flex: 0, overflow: 'cut', fill: true },
  );
  if (hidden > 0) scenarios.push(p.dim(`… and ${hidden} more`));

  const { active, done, failed } = snapshot.sessions;
  const sessions = `${p.dim('browsers ')} ${count(active)} active, ${count(done)} done, ${
    failed > 0 ? p.red(`${count(failed)} failed`) : '0 failed'
  }`;
  const machine =
    snapshot.machineCpuPercent === null ? '' : `, machine CPU ${Math.round(snapshot.machineCpuPercent)} %`;
  const generator = `${p.dim('generator')} p99 ${ms(snapshot.latenessP99Ms)} late${machine}`;
  const cpu = snapshot.targetCpuPercent === null ? [] : [`CPU ${Math.round(snapshot.targetCpuPercent)} %`];
  const memory = snapshot.targetMemoryBytes === null ? [] : [`memory ${bytes(snapshot.targetMemoryBytes)}`];
  const withTarget = (figures: string[]) =>
    figures.length === 0 ? generator : `${generator}   ${p.dim('target')} ${figures.join(', ')}`;
  const machines = [withTarget([...cpu, ...memory]), withTarget(cpu)].find((line) => displayWidth(line) <= inner);
  const what = shorten(doing(snapshot), Math.max(0, inner - displayWidth(sessions) - 3));
  const gap = ' '.repeat(Math.max(1, inner - displayWidth(sessions) - displayWidth(what)));

  const name = `${printable(snapshot.profile)} → ${printable(snapshot.target.name)}`;
  const url = printable(snapshot.target.url);
  const heading = shorten(name, width - 8);
  const note = displayWidth(heading) + displayWidth(url) + 12 <= width ? url : '';
  return box(
    [
      ...[progress, null, ...scenarios, null, sessions + gap + p.dim(what), machines ?? generator],
      ...(wrong.length > 0 ? [null, ...wrong] : []),
    ],
    {
      width,
      style: p.dim,
      heavy: false,
      title: p.bold(heading),
      note: note && p.dim(note),
    },
  );
}

/**
 * The live display of a terminal. One write a frame; the cursor is hidden until `stop`, also when the process exits
 * without it.
 * @param columns cells a line; default: what the stream says at each frame, so that a resized window is followed.
 */
export function terminalDisplay(stream: Terminal, columns?: number): LiveDisplay {
  const p = paint(wantsColor(stream));
  let drawn: string[] = [];
  let last: LiveSnapshot | null = null;
  let stopped = false;

  const toTop = () => (drawn.length > 1 ? `\r\x1b[${drawn.length - 1}A` : '\r');
  const draw = (above: string[]) => {
    // One that nobody looks at, as a container's in CI, says 0.
    const wide = columns ?? (stream.columns || 80);
    // The last cell of a line stays free: terminals differ in what they do once it is written.
    const next = last ? frame(last, Math.max(40, Math.min(WIDEST, wide - 1)), (stream.rows || 24) - 1, p) : [];
    const lines = [...above, ...next].map((line) => line + CLEAR_TO_LINE_END);
    // Above the live part, a line of its own each; below it, the cursor waits at the end of the last line.
    const text = lines.join('\r\n') + (next.length === 0 ? '\r\n' : '');
    stream.write(BEGIN_FRAME + HIDE_CURSOR + toTop() + text + CLEAR_BELOW + END_FRAME);
    drawn = next;
  };
  const stop = () => {
    if (stopped) return;
    stopped = true;
    process.removeListener('exit', stop);
    if (last) stream.write(toTop() + CLEAR_BELOW + SHOW_CURSOR);
  };
  process.once('exit', stop);

  return {
    show(snapshot) {
      if (stopped) return;
      last = snapshot;
      draw([]);
    },
    print(line) {
      const lines = line.replace(/\r?\n$/, '').split(/\r?\n/);
      const clean = lines.map((text) => stripVTControlCharacters(text).replace(/\t/g, '  '));
      if (stopped || !last) stream.write(`${clean.map(unbroken).join('\n')}\n`);
      else draw(clean.map(unbroken));
    },
    stop,
  };
}

/** Keeps a line's spaces, unlike `printable`: what a worker prints may be indented. */
function unbroken(line: string): string {
  const indent = /^ */.exec(line)![0];
  return indent + printable(line);
}

function plainLine(snapshot: LiveSnapshot): string {
  const scenarios = snapshot.scenarios.map((s) => {
    const parts = [
      `${printable(s.name)} ${rate(s.ratePerSecond)}`,
      ...(s.p95Ms === null ? [] : [`p95 ${ms(s.p95Ms)}`]),
      `${errors(s)} failed`,
      `${count(s.activeVUs)}/${count(s.maxVUs)} VUs`,
      ...(s.dropped > 0 ? [`${count(s.dropped)} dropped`] : []),
    ];
    return parts.join(', ');
  });
  const { active, done, failed } = snapshot.sessions;
  const browsers = active + done + failed > 0 ? [`browsers ${active} active, ${done} done, ${failed} failed`] : [];
  const late = snapshot.latenessP99Ms === null ? [] : [`generator p99 ${ms(snapshot.latenessP99Ms)} late`];
  const machine =
    snapshot.machineCpuPercent === null ? [] : [`machine CPU ${Math.round(snapshot.machineCpuPercent)} %`];
  const cpu = snapshot.targetCpuPercent === null ? [] : [`target CPU ${Math.round(snapshot.targetCpuPercent)} %`];
  return [...scenarios, ...browsers, ...late, ...machine, ...cpu].join(' | ');
}

/** The display of a log: a line at every change of phase, and one each `everyMs` of run time. */
export function plainDisplay(stream: Terminal, everyMs = 10_000): LiveDisplay {
  let phase: LiveSnapshot['phase'] | null = null;
  let nextAtMs = 0;
  let stopped = false;
  return {
    show(snapshot) {
      if (stopped) return;
      const at = `[${clock(snapshot.elapsedMs)}/${clock(snapshot.totalMs)}]`;
      if (snapshot.phase !== phase) {
        const first = phase === null;
        phase = snapshot.phase;
        const { name, url } = snapshot.target;
        const of = first ? `${printable(snapshot.profile)} → ${printable(name)} (${printable(url)}): ` : '';
        stream.write(`${at} ${of}${phase}: ${doing(snapshot)}\n`);
      }
      if (snapshot.elapsedMs < nextAtMs || snapshot.phase === 'preparing') return;
      // A whole multiple, not "10 s after the last": snapshots that come late do not shift the rest.
      nextAtMs = (Math.floor(snapshot.elapsedMs / everyMs) + 1) * everyMs;
      if (snapshot.elapsedMs < everyMs) return;
      for (const line of [plainLine(snapshot), ...troubles(snapshot)]) stream.write(`${at} ${line}\n`);
    },
    print(line) {
      const lines = line.replace(/\r?\n$/, '').split(/\r?\n/);
      stream.write(`${lines.map((text) => unbroken(stripVTControlCharacters(text))).join('\n')}\n`);
    },
    stop() {
      stopped = true;
    },
  };
}
