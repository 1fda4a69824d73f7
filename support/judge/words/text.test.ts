import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, pad, printable, printableLines, quoted, shorten, wrap } from './text.ts';

test('width counts terminal cells', () => {
  assert.equal(displayWidth('plain'), 5);
  assert.equal(displayWidth('\x1b[31mred\x1b[39m'), 3);
  assert.equal(displayWidth('同期'), 4);
  assert.equal(displayWidth('é'), 1);
  assert.equal(displayWidth('👩‍🚀'), 2);
  assert.equal(displayWidth('→ × –'), 5);
  assert.equal(pad('同', 4, 'left'), '同  ');
  assert.equal(pad('12', 4, 'right'), '  12');
});

test('shorten cuts by cells and says so', () => {
  assert.equal(shorten('sync-relay', 10), 'sync-relay');
  assert.equal(shorten('sync-relay', 6), 'sync-…');
  assert.equal(shorten('同期同期', 4), '同…');
  assert.deepEqual([shorten('abc', 1), shorten('abc', 0), shorten('', 0)], ['…', '', '']);
});

test('wrap breaks between words, and keeps a number with its unit', () => {
  assert.deepEqual(wrap('was 812 ms; required < 500 ms', 24), ['was 812 ms;', 'required < 500 ms']);
  assert.deepEqual(wrap('abcdefghij k', 4), ['abcd', 'efgh', 'ij k']);
});

test('a text of any length is wrapped and quoted with work in proportion to it', (t) => {
  const segment = Intl.Segmenter.prototype.segment;
  let read = 0;
  t.mock.method(Intl.Segmenter.prototype, 'segment', function (this: Intl.Segmenter, text: string) {
    read += text.length;
    return segment.call(this, text);
  });
  const long = 'é'.repeat(10_000);
  const lines = wrap(`a ${long} b`, 100);
  assert.equal(lines.join('').replaceAll(' ', ''), `a${long}b`);
  assert.ok(lines.every((line) => displayWidth(line) <= 100));
  assert.ok(read < 10 * long.length, `${read} characters were looked at`);
  read = 0;
  assert.equal(quoted(long).length, 240);
  assert.ok(read < long.length, `${read} characters were looked at`);
});

test('lines stay lines, with what they are indented by and nothing else that moves the cursor', () => {
  const text = '\n\nError: a\r\n  - b\x1b[2J\u2028\tc\n\n    d  e\n \n';
  assert.deepEqual(printableLines(text), ['Error: a', '  - b\\x1b[2J', 'c', '', '    d e']);
  assert.deepEqual(printableLines(' \n'), []);
});

test('printable shows what would move the cursor, break the line or turn the writing', () => {
  assert.equal(printable('a\x1b[2Jb\x07\x9b1m'), 'a\\x1b[2Jb\\x07\\x9b1m');
  assert.equal(printable(' two\r\nlines\t'), 'two lines');
  assert.equal(printable('safe\u202eevil\u200b'), 'safe\\u202eevil\\u200b');
  assert.equal(printable('Grüße → 同期'), 'Grüße → 同期');
});
