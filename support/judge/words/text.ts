/**
 * Text for a terminal: how wide it is, cut, wrapped, and made safe to print. string-width 7 and wrap-ansi 9 gave the same for all
 * that was tried (CJK, flags, joined emoji, marks, colours, words that are too long), and took 190 and 34 times as long.
 */
import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE =
  /^(?:\p{Emoji_Presentation}|.\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]|[\u{20000}-\u{3FFFD}])/u;
const INVISIBLE = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u;

/** Each character is a grapheme of one cell. */
const isPlain = (text: string) => !/[^\x20-\x7e]/.test(text);

/** Terminal cells that a text takes; colours take none, CJK and emoji take two. */
export function displayWidth(text: string): number {
  if (isPlain(text)) return text.length;
  const bare = stripVTControlCharacters(text);
  if (isPlain(bare)) return bare.length;
  let width = 0;
  for (const { segment } of graphemes.segment(bare)) width += INVISIBLE.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Filled with spaces up to `width` cells. */
export function pad(text: string, width: number, side: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'left' ? text + fill : fill + text;
}

/** At most `width` cells, with `…` where something was cut. For text without colours. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (isPlain(text)) return width > 0 ? `${text.slice(0, width - 1)}…` : '';
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const cells = displayWidth(segment);
    if (used + cells > width - 1) break;
    kept += segment;
    used += cells;
  }
  return width > 0 ? `${kept}…` : '';
}

/** A number stays with its unit and with the comparison before it: `< 500 ms` is one word. */
function words(text: string): string[] {
  const glued = text
    .replace(/([<>=×]|required|allowed|p95|p99) (?=[\d<>=])/g, '$1\u00a0')
    .replace(/(\d) (?=(?:ms|s|m|h|%|[kMGT]?B)(?:[^a-z]|$))/g, '$1\u00a0');
  return glued.split(' ').map((word) => word.replaceAll('\u00a0', ' '));
}

/** Pieces of `width` cells, the last of at most as many; a grapheme that is wider than all of them is not broken. */
function split(text: string, width: number): string[] {
  if (displayWidth(text) <= width) return [text];
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const cells = displayWidth(segment);
    if (used + cells > width && piece !== '') {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += segment;
    used += cells;
  }
  return [...pieces, piece];
}

/** Lines of at most `width` cells, broken at spaces, inside a word only when it alone is too long. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words(text)) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = '';
    }
    const pieces = split(line === '' ? word : `${line} ${word}`, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1)!;
  }
  return [...lines, line];
}

/**
 * One printable line. What the target sends may hold escape sequences, line breaks, or marks that turn the direction of
 * writing: shown as `\x1b`, never sent to a terminal.
 */
export function printable(text: string): string {
  return (
    text
      .replace(/\s+/gu, ' ')
      // They take no width: a letter could carry any number of them through every limit.
      .replace(/(\p{Mark}{8})\p{Mark}+/gu, '$1')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
      .replace(
        /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      .trim()
  );
}

/** The same of a text of several lines, which keep what they are indented by; without blank lines at its ends. */
export function printableLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/).map((line) => /^ {0,20}/.exec(line)![0] + printable(line));
  const isBlank = (line: string) => line.trim() === '';
  const first = lines.findIndex((line) => !isBlank(line));
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => !isBlank(line)) + 1);
}

/** Strings from the target may be of any length; a sentence is not. */
const QUOTED_LENGTH = 240;

/** What the target or somebody's code said, as a part of a sentence. */
export function quoted(text: string): string {
  // What is far beyond the end need not be made printable first.
  return shorten(printable(text.slice(0, 20 * QUOTED_LENGTH)), QUOTED_LENGTH).replace(/\.$/, '') || 'no message';
}
