/** Failures that others put into words, in ours: one line each. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { printable } from '../judge/words/text.ts';

/** What an error says, without the name that every error has. */
export function firstLine(text: string): string {
  // Playwright colours its messages.
  return printable(
    stripVTControlCharacters(text)
      .replace(/^Error: /, '')
      .split('\n')[0]!,
  );
}

/**
 * Of an error with its stack: what it says, and the first place of it in the project's own files.
 * @param root the project's folder
 */
export function failureLine(stack: string, root: string): string {
  const place = ownPlace(stack, root);
  return place ? `${firstLine(stack)} (${place.at})` : firstLine(stack);
}

/** Of a stack the first place in the project's own files, `path:line`, and its function; empty where that has no name. */
export function ownPlace(stack: string, root: string): { at: string; name: string } | undefined {
  for (const line of stack.split('\n')) {
    const [, name = '', file, at] = /^\s+at (?:(?:async )?(.*) \()?(\/.+|file:.+):(\d+):\d+\)?$/.exec(line) ?? [];
    if (!file) continue;
    const path = relative(root, file.startsWith('file:') ? fileURLToPath(file) : file);
    if (!/^(\.\.|node_modules)\//.test(path)) return { at: `${path}:${at}`, name };
  }
  return undefined;
}
