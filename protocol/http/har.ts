import { join } from 'node:path';
import { z } from 'zod';
import { addHeader, isSent, type Target, TargetError, targetOf } from './target.ts';

/** What is read of an entry. */
const entrySchema = z.object({
  request: z.object({
    method: z.string(),
    url: z.string(),
    headers: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
    bodySize: z.unknown().optional(),
    postData: z
      .object({
        mimeType: z.string().nullish(),
        text: z.string().nullish(),
        encoding: z.string().nullish(),
        _file: z.string().nullish(),
        params: z.array(z.object({ name: z.string(), value: z.string().nullish() })).nullish(),
      })
      .nullish(),
  }),
});

type Request = z.output<typeof entrySchema>['request'];

/**
 * The requests that a browser saved, in the order in which it sent them. Those that are no requests over HTTP, such as `data:`,
 * WebSockets and a proxy's tunnels, are left out.
 * @param folder that the HAR lies in
 * @throws TargetError, with the number of the entry in place of a line
 */
export function targetsInHar(text: string, folder: string): Target[] {
  let har: { log?: { entries?: unknown } } | null;
  try {
    har = JSON.parse(text);
  } catch {
    throw new TargetError(1, 'this is no JSON; allowed is a HAR, as browsers save it.');
  }
  const entries = har?.log?.entries;
  if (!Array.isArray(entries))
    throw new TargetError(1, 'log.entries is missing; allowed is a HAR, as browsers save it.');
  return entries.flatMap((entry, index) => targetIn(entry, index + 1, folder) ?? []);
}

function targetIn(entry: unknown, number: number, folder: string): Target | undefined {
  const { data, error } = entrySchema.safeParse(entry);
  if (!data) {
    const field = error.issues[0]!.path.join('.') || 'the entry';
    throw new TargetError(
      number,
      `${field} is missing, or not as it has to be; allowed is a HAR, as browsers save it.`,
    );
  }
  const { method, url, headers, postData, bodySize } = data.request;
  if (!/^https?:/i.test(url) || method === 'CONNECT') return undefined;
  const target = targetOf(method, url, number);
  for (const { name, value } of headers ?? []) if (isSent(name)) addHeader(target.headers, name, value, number);
  const { mimeType } = postData ?? {};
  const body = bodyOf(postData, folder, number);
  if (body) {
    target.body = body;
    const isTold = Object.keys(target.headers).some((name) => name.toLowerCase() === 'content-type');
    // What Playwright says of a body whose type nobody sent.
    if (mimeType && mimeType !== UNTOLD && !isTold) addHeader(target.headers, 'Content-Type', mimeType, number);
  } else if (postData?.params?.length || Number(bodySize) > 0 || lengthIn(headers) > 0) target.lacksBody = true;
  return target;
}

/** That of the body, as the request told it: what browsers do not keep, such as a form with files, they may take for nothing. */
function lengthIn(headers: Request['headers']): number {
  return Number(headers?.find(({ name }) => /^content-length$/i.test(name))?.value);
}

const UNTOLD = 'application/octet-stream';

function bodyOf(postData: Request['postData'], folder: string, line: number): Target['body'] {
  const { mimeType, text, encoding, params, _file: file } = postData ?? {};
  if (text) return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
  // Where Playwright saves it.
  if (file) return { path: join(folder, file), line, isOfHar: true };
  // Of a form with files its fields are not what was sent.
  if (!params || params.length === 0 || /^multipart\//i.test(mimeType ?? '')) return undefined;
  const pairs = params.map(({ name, value }) => [name, value ?? '']);
  return Buffer.from(new URLSearchParams(pairs).toString());
}
