import { addHeader, type Target, TargetError, targetOf } from './target.ts';
import type { LineFormat } from './vegeta-http.ts';

const fields = ['method', 'url', 'header', 'body'];

/** Vegeta's format for programs: an object a line, `{"method": "GET", "url": …, "header": {<name>: [<value>]}, "body": <base64>}`. */
export class VegetaJson implements LineFormat {
  line(text: string, number: number): Target | undefined {
    return text.trim() === '' ? undefined : targetIn(parsed(text, number), number);
  }

  end(): undefined {}
}

function parsed(text: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Node's message shows what stands there.
    throw new TargetError(
      number,
      'this is no JSON; allowed is an object a line, such as {"method":"GET","url":"https://example.com"}.',
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TargetError(
    number,
    'this is no object; allowed is one a line, such as {"method":"GET","url":"https://example.com"}.',
  );
}

function targetIn(given: Record<string, unknown>, number: number): Target {
  const fail = (field: string, allowed: string): never => {
    const found = given[field] === undefined || given[field] === '' ? 'missing' : 'not as it has to be';
    throw new TargetError(number, `${field} is ${found}; allowed is ${allowed}.`);
  };
  const unknown = Object.keys(given).find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    throw new TargetError(number, `there is an unknown field "${unknown}"; allowed: ${fields.join(', ')}.`);
  }
  const { method, url, header, body } = given;
  if (typeof method !== 'string' || method === '') return fail('method', 'one of HTTP, such as "GET"');
  if (typeof url !== 'string' || url === '') return fail('url', 'a URL such as "https://example.com/users"');
  const target = targetOf(method, url, number);
  for (const [name, values] of headersIn(header ?? {}) ?? fail('header', '{ <name>: [<value>, …] }')) {
    for (const value of values) addHeader(target.headers, name, value, number);
  }
  if (body === undefined || body === null || body === '') return target;
  if (typeof body !== 'string' || !isBase64(body)) return fail('body', 'a text in base64');
  target.body = Buffer.from(body, 'base64');
  return target;
}

/** Undefined when they are none. */
function headersIn(header: unknown): [name: string, values: string[]][] | undefined {
  if (typeof header !== 'object' || Array.isArray(header)) return undefined;
  const all = Object.entries(header as object);
  const isList = (values: unknown) => Array.isArray(values) && values.every((value) => typeof value === 'string');
  return all.every(([, values]) => isList(values)) ? all : undefined;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z\d+/]+={0,2}$/.test(text);
}
