/** HTML in which no text from outside can become markup: whatever is put into a template is escaped. */
import { printable, printableLines } from '../../judge/words/text.ts';

/** Finished HTML. Only {@link html} and {@link trusted} make it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Markup | null | undefined | false | Part[];

/**
 * A template whose parts are escaped, in text and in quoted attributes alike. Control characters and marks that turn the
 * direction of writing become visible; null, undefined and false become nothing; arrays are joined.
 */
export function html(fixed: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(String.raw({ raw: fixed }, ...parts.map(render)));
}

/** A text of several lines, for a `pre`. */
export function lines(text: string): Markup {
  return new Markup(printableLines(text).map(escaped).join('\n'));
}

/** Our own text as it is: a style sheet, a script. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return escaped(printable(String(part)));
}

function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
