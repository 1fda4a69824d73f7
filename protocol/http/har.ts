import { addHeader, isSent, type Target, TargetError, targetOf } from './target.ts';

interface Entry {
  request?: {
    method?: unknown;
    url?: unknown;
    headers?: { name?: unknown; value?: unknown }[];
    postData?: {
      text?: unknown;
      encoding?: unknown;
      mimeType?: unknown;
      params?: { name?: unknown; value?: unknown }[];
    };
  };
}

/**
 * The requests that a browser saved, in the order in which it sent them. Those that are no requests over HTTP, such as `data:` and
 * WebSockets, are left out.
 * @throws TargetError, with the number of the entry in place of a line
 */
export function targetsInHar(text: string): Target[] {
  let har: { log?: { entries?: Entry[] } };
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

function targetIn({ request }: Entry, number: number): Target | undefined {
  const { method, url, headers = [], postData } = request ?? {};
  if (typeof method !== 'string' || typeof url !== 'string') {
    throw new TargetError(number, 'request.method or request.url is missing; allowed is a HAR, as browsers save it.');
  }
  if (!/^https?:/i.test(url)) return undefined;
  const target = targetOf(method, url, number);
  for (const { name, value } of headers) {
    if (typeof name === 'string' && typeof value === 'string' && isSent(name))
      addHeader(target.headers, name, value, number);
  }
  const body = bodyOf(postData);
  if (body) target.body = body;
  return target;
}

function bodyOf(postData: NonNullable<Entry['request']>['postData']): Buffer | undefined {
  const { text, encoding, params } = postData ?? {};
  if (typeof text === 'string' && text !== '') return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
  if (!params || params.length === 0) return undefined;
  const pairs = params.map(({ name, value }) => [String(name), String(value ?? '')]);
  return Buffer.from(new URLSearchParams(pairs).toString());
}
