import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildFailure, build } from 'esbuild';
import type { FastifyInstance } from 'fastify';
import type { Page } from './family.ts';
import { StartError } from './start-error.ts';

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  // A data: image carries no code; the page's icon is one.
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

interface File {
  type: string;
  body: Buffer;
  gzip: Buffer;
  version: string;
}

/** Files by the path at which they are served. */
export type Files = ReadonlyMap<string, File>;

/**
 * Makes pages, each with its html, its script and its style. A page without its entry is none.
 * @param folder of their sources
 * @throws {StartError} when a file is missing or a page does not bundle.
 */
export async function makePages(folder: string, all: readonly Page[]): Promise<Files> {
  const files = new Map<string, File>();
  const pages = all.filter(({ entry }) => existsSync(join(folder, entry)));
  if (pages.length === 0) return files;
  const styleNames = [...new Set(pages.map(({ style }) => style))];
  // One call for all of them: each starts a process.
  const bundles = await bundle([...pages.map(({ entry }) => entry), ...styleNames].map((name) => join(folder, name)));
  const styles = new Map(
    styleNames.map((name, index) => [name, file('text/css; charset=utf-8', bundles[pages.length + index]!)]),
  );
  for (const [name, style] of styles) files.set(`/${name}`, style);
  for (const [index, page] of pages.entries()) {
    const script = file('text/javascript; charset=utf-8', bundles[index]!);
    const html = (await whole(folder, page.html))
      // A version in the address lets a browser keep the files for good, as with any deployed page.
      .replaceAll(`/${page.script}`, `/${page.script}?v=${script.version}`)
      .replaceAll(`/${page.style}`, `/${page.style}?v=${styles.get(page.style)!.version}`);
    files.set(page.path, file('text/html; charset=utf-8', Buffer.from(html)));
    files.set(`/${page.script}`, script);
  }
  return files;
}

/** Serves files from memory. */
export function pageRoutes(app: FastifyInstance, files: Files): void {
  for (const [path, one] of files) serve(app, path, one);
}

const PART = /<!-- ([\w-]+\.html) -->/g;

/** A page with the parts that it shares with others: `<!-- sign-in.html -->` stands for that file. */
async function whole(folder: string, name: string): Promise<string> {
  const html = await source(folder, name);
  const names = new Set([...html.matchAll(PART)].map(([, part]) => part!));
  const parts = new Map<string, string>();
  for (const part of names) parts.set(part, await source(folder, part));
  return html.replace(PART, (_, part: string) => parts.get(part)!);
}

async function source(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8').catch((error: Error) => {
    throw new StartError(`The page has no ${name}: ${error.message}.`);
  });
}

/** The bundles of these scripts and styles, in their order. */
async function bundle(entries: string[]): Promise<Uint8Array[]> {
  try {
    const { outputFiles } = await build({
      entryPoints: entries.map((entry, index) => ({ in: entry, out: String(index) })),
      outdir: '/',
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      target: 'es2022',
      logLevel: 'silent',
    });
    return outputFiles.map(({ contents }) => contents);
  } catch (error) {
    const [{ text, location } = { text: String(error), location: null }] =
      (error as Partial<BuildFailure>).errors ?? [];
    throw new StartError(`${location?.file ?? 'The page'} does not bundle: ${text}.`);
  }
}

function file(type: string, contents: Uint8Array): File {
  const body = Buffer.from(contents);
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return { type, body, gzip: gzipSync(body, { level: 9 }), version };
}

function serve(app: FastifyInstance, path: string, { type, body, gzip, version }: File): void {
  const etag = `"${version}"`;
  app.get<{ Querystring: { v?: string } }>(path, (request, reply) => {
    const versioned = request.query.v === version;
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': versioned ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'accept-encoding',
    });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    reply.header('content-type', type);
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(body);
    return reply.header('content-encoding', 'gzip').send(gzip);
  });
}
