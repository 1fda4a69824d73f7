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

/** POSTs JSON to the page's own origin and returns the JSON of a 2xx answer. Throws `HttpError` for anything else. */
export async function post(path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
    text = await response.text();
  } catch {
    throw new HttpError(0, 'The server cannot be reached.');
  }
  const answer = parseObject(text);
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
