import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import type { FastifyInstance } from 'fastify';
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

/**
 * Serves the page of `folder` (`index.html`, `app.css`, and `main.ts` bundled to `/app.js`) from memory. Serves nothing
 * when there is no `main.ts`.
 * @throws {StartError} when a file is missing or the page does not bundle.
 */
export async function pageRoutes(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'main.ts'))) return;
  const script = file('text/javascript; charset=utf-8', bundle(join(folder, 'main.ts')));
  const style = file('text/css; charset=utf-8', await source(folder, 'app.css'));
  const html = (await source(folder, 'index.html'))
    .toString()
    // A version in the address lets a browser keep the files for good, as with any deployed page.
    .replaceAll('/app.js', `/app.js?v=${script.version}`)
    .replaceAll('/app.css', `/app.css?v=${style.version}`);
  serve(app, '/', file('text/html; charset=utf-8', Buffer.from(html)));
  serve(app, '/app.js', script);
  serve(app, '/app.css', style);
}

async function source(folder: string, name: string): Promise<Buffer> {
  return readFile(join(folder, name)).catch((error: Error) => {
    throw new StartError(`The page has no ${name}: ${error.message}.`);
  });
}

function bundle(entry: string): Uint8Array {
  try {
    const result = buildSync({
      entryPoints: [entry],
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      target: 'es2022',
      logLevel: 'silent',
    });
    return result.outputFiles[0]!.contents;
  } catch (error) {
    throw new StartError(`${entry} does not bundle: ${(error as Error).message.split('\n')[1] ?? error}.`);
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
