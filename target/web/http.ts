const TIMEOUT_MS = 15_000;

/** A call that did not give what was asked for. `status` is the HTTP status, 0 when there was no answer at all. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** POSTs JSON; see {@link call}. */
export function post(path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  return call('POST', path, token, body);
}

/**
 * Asks the page's own origin, with a JSON body or none. Returns the JSON object of a 2xx answer, an empty one for an
 * answer without content. Throws `HttpError` for anything else.
 */
export async function call(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  token?: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal });
    text = await response.text();
  } catch {
    throw new HttpError(0, 'The server cannot be reached.');
  }
  const answer = response.status === 204 ? {} : parseObject(text);
  if (!response.ok)
    throw new HttpError(response.status, messageOf(answer) ?? `The server answered ${response.status}.`);
  if (!answer) throw new HttpError(response.status, 'The server answered something that is no JSON object.');
  return answer;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(answer: Record<string, unknown> | undefined): string | undefined {
  const error = answer?.error as { message?: unknown } | undefined;
  return typeof error?.message === 'string' ? error.message : undefined;
}
