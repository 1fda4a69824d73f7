import { z } from 'zod';
import { addHeader, isSent, type Target, TargetError, targetOf } from './target.ts';

/** What is read of an entry. */
const entrySchema = z.object({
  request: z.object({
    method: z.string(),
    url: z.string(),
    headers: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
    postData: z
      .object({
        text: z.string().nullish(),
        encoding: z.string().nullish(),
        params: z.array(z.object({ name: z.string(), value: z.string().nullish() })).nullish(),
      })
      .nullish(),
  }),
});

type Request = z.output<typeof entrySchema>['request'];

/**
 * The requests that a browser saved, in the order in which it sent them. Those that are no requests over HTTP, such as `data:` and
 * WebSockets, are left out.
 * @throws TargetError, with the number of the entry in place of a line
 */
export function targetsInHar(text: string): Target[] {
  let har: { log?: { entries?: unknown } } | null;
  try {
    har = JSON.parse(text);
  } catch {
    throw new TargetError(1, 'this is no JSON; allowed is a HAR, as browsers save it.');
  }
  const entries = har?.log?.entries;
  if (!Array.isArray(entries))
    throw new TargetError(1, 'log.entries is missing; allowed is a HAR, as browsers save it.');
  return entries.flatMap((entry, index) => targetIn(entry, index + 1) ?? []);
}

function targetIn(entry: unknown, number: number): Target | undefined {
  const { data, error } = entrySchema.safeParse(entry);
  if (!data) {
    const field = error.issues[0]!.path.join('.') || 'the entry';
    throw new TargetError(
      number,
      `${field} is missing, or not as it has to be; allowed is a HAR, as browsers save it.`,
    );
  }
  const { method, url, headers, postData } = data.request;
  if (!/^https?:/i.test(url)) return undefined;
  const target = targetOf(method, url, number);
  for (const { name, value } of headers ?? []) if (isSent(name)) addHeader(target.headers, name, value, number);
  const body = bodyOf(postData);
  if (body) target.body = body;
  return target;
}

function bodyOf(postData: Request['postData']): Buffer | undefined {
  const { text, encoding, params } = postData ?? {};
  if (text) return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
  if (!params || params.length === 0) return undefined;
  const pairs = params.map(({ name, value }) => [name, value ?? '']);
  return Buffer.from(new URLSearchParams(pairs).toString());
}
