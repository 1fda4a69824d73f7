/** A page that needs no other file and no network, and opens from a disk. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { html, type Part, trusted } from './markup.ts';

export interface Page {
  title: string;
  body: Part;
  /** Handed to the script, by media type: text without `<`. */
  payload: { type: string; text: string };
  /** The page asks the server that it came from for more. */
  isServed?: boolean;
  /** Of `client/`, in the order in which one needs another: together they are one script. */
  modules: string[];
}

/**
 * The page with its style, uPlot and its script. Nothing in it that came from elsewhere can run, or be loaded from elsewhere: what
 * it says is escaped, and its policy lets only its own scripts and styles through.
 */
export function pageOf({ title, body, payload, isServed = false, modules }: Page): string {
  const style = `${uPlot('uPlot.min.css')}\n${read(join(import.meta.dirname, 'style.css'))}`;
  const library = uPlot('uPlot.iife.min.js');
  const client = script(modules);
  const policy = [
    "default-src 'none'",
    `script-src ${hash(library)} ${hash(client)}`,
    `style-src ${hash(style)}`,
    ...(isServed ? ["connect-src 'self'"] : []),
    "img-src 'self' file:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
${body}
<script type="${payload.type}" id="payload">${trusted(payload.text)}</script>
<script>${trusted(library)}</script>
<script type="module">${trusted(client)}</script>
</body>
</html>
`.text;
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

function script(modules: string[]): string {
  const texts = modules.map((name) => read(join(import.meta.dirname, 'client', `${name}.js`)));
  // One scope for all: what they import of each other is there already.
  return texts.map((text) => text.replace(/^import [^;]*;\n/gm, '').replace(/^export /gm, '')).join('\n');
}

function uPlot(file: string): string {
  const require = createRequire(import.meta.url);
  return read(require.resolve(`uplot/dist/${file}`)).trim();
}

/** For a content security policy: only this very text is let through. */
function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
