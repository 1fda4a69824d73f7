// biome-ignore-all lint/suspicious/noControlCharactersInRegex: a terminal is driven by control characters
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth } from '../../judge/words/text.ts';
import { exampleSnapshot, exampleVerdict } from '../verdict.fixture.ts';
import { wantsColor } from './ansi.ts';
import { plainDisplay, type Terminal, terminalDisplay } from './display.ts';

/** A terminal that knows the sequences the display uses, and refuses others. */
class Screen implements Terminal {
  isTTY = true;
  columns = 80;
  rows = 24;
  lines: string[] = [''];
  cursorShown = true;
  writes: string[] = [];
  #row = 0;
  #column = 0;

  write(text: string): void {
    this.writes.push(text);
    for (const [token] of text.matchAll(/\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+/g)) this.#take(token);
  }

  #take(token: string): void {
    const up = /^\x1b\[(\d+)A$/.exec(token);
    const line = this.lines[this.#row] ?? '';
    if (token === '\r') this.#column = 0;
    else if (token === '\n') {
      this.#row++;
      this.lines[this.#row] ??= '';
    } else if (up) this.#row -= Number(up[1]);
    else if (token === '\x1b[K') this.lines[this.#row] = line.slice(0, this.#column);
    else if (token === '\x1b[J') {
      this.lines[this.#row] = line.slice(0, this.#column);
      this.lines.length = this.#row + 1;
    } else if (token === '\x1b[?25l') this.cursorShown = false;
    else if (token === '\x1b[?25h') this.cursorShown = true;
    else if (token.startsWith('\x1b[?2026')) return;
    else if (/^\x1b\[\d+m$/.test(token)) return;
    else if (token.startsWith('\x1b')) assert.fail(`unexpected sequence ${JSON.stringify(token)}`);
    else {
      assert.ok(this.#row >= 0, 'the cursor never leaves the screen');
      this.lines[this.#row] =
        line.slice(0, this.#column).padEnd(this.#column) + token + line.slice(this.#column + token.length);
      this.#column += token.length;
    }
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

test('a frame holds what a person wants to know, in 79 of 80 cells', () => {
  const screen = new Screen();
  terminalDisplay(screen).show(exampleSnapshot());
  for (const line of screen.lines) assert.ok(displayWidth(line) <= 79, line);
  assert.match(screen.text, /medium → embedded ─+ http:\/\/127\.0\.0\.1:41233/);
  assert.match(screen.text, /load +━+─+ +01:12 of 02:05, 00:52 left/);
  assert.match(screen.text, /sync-relay +protocol +.*1,246\/s +45\.1 ms +12 \(0\.03 %\) +50\/50 +0 │/);
  assert.match(screen.text, /power +browser +.*0\/s +– +0 +1\/1 +0 │/);
  assert.match(screen.text, /browsers +4 active, 58 done, 0 failed/);
  assert.match(screen.text, /generator p99 0\.84 ms late, machine CPU 42 % +target CPU 63 %/);
});

test('a terminal without a size, as a container has in CI, is taken for a usual one', () => {
  const [usual, screen] = [new Screen(), new Screen()];
  Object.assign(screen, { columns: 0, rows: 0 });
  for (const one of [usual, screen]) terminalDisplay(one).show(exampleSnapshot());
  assert.equal(screen.text, usual.text);
});

const wrong = {
  missing: exampleVerdict().thresholds.slice(0, 1),
  errors: { 'HTTP 503': 12, ECONNRESET: 40, 'check: a': 3, 'check: b': 2 },
};

test('what goes wrong is told while it does: thresholds that are missed, failures by name', () => {
  const screen = new Screen();
  screen.columns = 110;
  screen.rows = 14;
  const scenarios = Array.from({ length: 9 }, () => exampleSnapshot().scenarios[0]!);
  terminalDisplay(screen).show(exampleSnapshot({ ...wrong, scenarios }));
  assert.match(screen.text, /missed so far: p\(95\) of iteration_response_time\S+ 812 ms \(required < 500 ms\)/);
  assert.match(screen.text, /failures: 40 × ECONNRESET · 12 × HTTP 503 · 3 × check: a and 1 more/);
  assert.ok(screen.lines.length < screen.rows);
  const lines: string[] = [];
  const display = plainDisplay({ write: (text) => lines.push(text) });
  display.show(exampleSnapshot(wrong));
  assert.match(lines.at(-2)!, /^\[01:12\/02:05\] missed so far: p\(95\) of /);
  assert.match(lines.at(-1)!, /^\[01:12\/02:05\] failures: 40 × ECONNRESET/);
});

test('the next frame takes the place of the last, in one write, also when it is shorter', () => {
  const screen = new Screen();
  const display = terminalDisplay(screen);
  display.show(exampleSnapshot());
  const height = screen.lines.length;
  display.show(exampleSnapshot({ scenarios: exampleSnapshot().scenarios.slice(0, 1), elapsedMs: 100_000 }));
  assert.equal(screen.writes.length, 2);
  assert.equal(screen.lines.length, height - 2);
  assert.equal(screen.text.match(/medium/g)?.length, 1);
  assert.match(screen.text, /01:40 of 02:05/);
});

test('printed lines stay above the live part, without their escape sequences', () => {
  const screen = new Screen();
  const display = terminalDisplay(screen);
  display.print('before the first frame');
  display.show(exampleSnapshot());
  display.print('  worker 2:\x1b[2J\x1b[31m red\x1b[0m\nsecond\x07 line\n');
  display.show(exampleSnapshot());
  assert.deepEqual(screen.lines.slice(0, 3), ['before the first frame', '  worker 2: red', 'second\\x07 line']);
  assert.match(screen.lines[3]!, /^╭─ medium/);
});

test('stop removes the live part, shows the cursor again, and may be called twice', () => {
  const screen = new Screen();
  const listeners = process.listenerCount('exit');
  const display = terminalDisplay(screen);
  display.show(exampleSnapshot());
  assert.equal(screen.cursorShown, false);
  display.stop();
  assert.deepEqual([screen.text, screen.cursorShown], ['', true]);
  display.stop();
  display.show(exampleSnapshot());
  assert.equal(screen.writes.length, 2);
  display.print('after');
  assert.equal(screen.lines[0], 'after');
  assert.equal(process.listenerCount('exit'), listeners);
});

test('more scenarios than lines: the rest is counted, the frame never outgrows the screen', () => {
  const screen = new Screen();
  screen.rows = 14;
  const [scenario] = exampleSnapshot().scenarios;
  const scenarios = Array.from({ length: 30 }, (_, i) => ({ ...scenario!, name: `scenario-${i}` }));
  terminalDisplay(screen).show(exampleSnapshot({ scenarios }));
  assert.ok(screen.lines.length < screen.rows);
  assert.match(screen.text, /… and 26 more/);
});

test('hostile names and a narrow window do not break the frame', () => {
  const screen = new Screen();
  screen.columns = 60;
  const [scenario] = exampleSnapshot().scenarios;
  const name = `\x1b[2J同期${'x'.repeat(200)}`;
  terminalDisplay(screen).show(exampleSnapshot({ profile: name, scenarios: [{ ...scenario!, name }] }));
  assert.equal(new Set(screen.lines.map(displayWidth)).size, 1, screen.text);
  assert.ok(screen.text.includes('\\x1b[2J'));
});

test('colour: the stream decides, NO_COLOR and FORCE_COLOR overrule', () => {
  assert.equal(wantsColor({ isTTY: true }, {}), true);
  assert.equal(wantsColor({ isTTY: true }, { TERM: 'dumb' }), false);
  assert.equal(wantsColor({ isTTY: true }, { NO_COLOR: '1' }), false);
  assert.equal(wantsColor({ isTTY: true }, { FORCE_COLOR: '0' }), false);
  assert.equal(wantsColor({}, {}), false);
  assert.equal(wantsColor({}, { FORCE_COLOR: '1' }), true);
});

test('a log gets one line each 10 s of run time and one at every change of phase', () => {
  const lines: string[] = [];
  const display = plainDisplay({ write: (text) => lines.push(text) });
  for (let elapsedMs = 0; elapsedMs <= 30_000; elapsedMs += 950)
    display.show(exampleSnapshot({ elapsedMs, phase: elapsedMs < 5_000 ? 'calm' : 'load' }));
  display.stop();
  display.show(exampleSnapshot({ phase: 'done' }));
  assert.deepEqual(
    lines.map((line) => line.slice(0, 40)),
    [
      '[00:00/02:05] medium → embedded (http://',
      '[00:05/02:05] load: browsers and protoco',
      '[00:10/02:05] sync-relay 1,246/s, p95 45',
      '[00:20/02:05] sync-relay 1,246/s, p95 45',
    ],
  );
  assert.equal(
    lines[2],
    '[00:10/02:05] sync-relay 1,246/s, p95 45.1 ms, 12 (0.03 %) failed, 50/50 VUs | light 0.83/s, p95 2.31 s, 0 failed, ' +
      '3/4 VUs | power 0/s, 0 failed, 1/1 VUs | browsers 4 active, 58 done, 0 failed | generator p99 0.84 ms late | machine CPU 42 % | ' +
      'target CPU 63 %\n',
  );
});
