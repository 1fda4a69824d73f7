/** What of the environment and of `.env` files is a secret, by the names that variables have and by what their values are. */

export interface Credentials {
  /** Nobody may see them. */
  secrets: string[];
  /** User names: secret too, unless they are mere words. */
  users: string[];
}

/** Values of which every part is to be hidden. */
const asked = /^(API_TOKEN|SECRET_\w+|TLS_CLIENT_KEY_PASSPHRASE)$/;
/** Variables of anybody's: those that a name gives away. */
const telling =
  /token|secret|passw|passphrase|credential|cookie|api_?key|access_?key|private_?key|(?:^|_)(?:pass|jwt|authorization)$|_pwd$/i;
/** Names that a URL's parameter, or a field of a connection string, has when it is a secret. */
const parameter =
  /(?:^|[?&;\s])(?:[\w-]*(?:token|secret|passw(?:or)?d|pwd|passphrase)[\w-]*|(?:[\w-]*[_-])?(?:key|sig|signature))=('[^']*'|"[^"]*"|[^&#;\s]+)/gi;
/** With or without a scheme: proxies do without. Greedy: a password may hold an @, or a slash, that nobody encoded. */
const userInfo = /^(?:([a-z][a-z\d+.-]*):)?(?:\/\/)?([^/?#\s]+|[^:/?#@\s]+:(?!\d*[/?#])\S+)@[^@/?#\s]+/i;

/** @param given every variable, those of the file as well as those of the environment that go before them */
export function credentialsOf(given: readonly (readonly [name: string, value: string])[]): Credentials {
  const secrets: string[] = [];
  const users: string[] = [];
  for (const [name, value] of given) {
    const { user, password } = userOf(name, value);
    users.push(...spelled(user));
    secrets.push(...spelled(password));
    if (asked.test(name)) secrets.push(value, ...afterScheme(value));
    else if (/webhook/i.test(name)) secrets.push(value, ...pathOf(value));
    else if (/_HEADERS$/.test(name)) secrets.push(...headerValues(value));
    else if (telling.test(name) && isPlain(value, 8)) secrets.push(value, ...afterScheme(value));
    // Such as SIGNING_KEY: what a list is sorted by, or a cache is found by, is shorter.
    else if (/_key$/i.test(name) && isPlain(value, 16)) secrets.push(value);
    else
      secrets.push(
        ...parametersOf(value),
        ...afterScheme(value).filter((one) => isPlain(one, 8) && /[^a-z]/.test(one)),
      );
    secrets.push(...fieldsOf(value));
  }
  return { secrets: distinct(secrets), users: distinct(users) };
}

/** Of a document, such as a service's account, what the names of its fields give away: authors send it by itself. */
function fieldsOf(value: string): string[] {
  const found: string[] = [];
  if (!/^\s*[{[]/.test(value)) return found;
  try {
    JSON.parse(value, (name, one: unknown) => {
      if (typeof one === 'string' && telling.test(name) && isPlain(one, 8)) found.push(one);
      return one;
    });
  } catch {} // it only looks like one
  return found;
}

/** A URL's or a connection string's own, such as `?sslpassword=…`. */
function parametersOf(value: string): string[] {
  return [...value.matchAll(parameter)]
    .map(([, found]) => found!.replace(/^['"]|['"]$/g, ''))
    .flatMap((one) => (isPlain(one, 6) ? spelled(one) : []));
}

/** Neither a path nor an address, which many a variable with such a name holds, nor a number or a switch. */
function isPlain(value: string, shortest: number): boolean {
  return value.length >= shortest && !/^(\/|\.{1,2}\/|[a-z][a-z\d+.-]*:\/\/|\d{1,9}$)/i.test(value);
}

function userOf(name: string, value: string): { user: string; password: string } {
  const [, scheme, found] = userInfo.exec(value) ?? [];
  if (found === undefined || (!value.includes('://') && !/proxy/i.test(name))) return { user: '', password: '' };
  // `user:password@proxy:3128` looks as if the user were a scheme.
  const info = scheme && !value.includes('://') ? `${scheme}:${found}` : found;
  const colon = info.indexOf(':');
  return colon < 0 ? { user: info, password: '' } : { user: info.slice(0, colon), password: info.slice(colon + 1) };
}

/** `Bearer abc`: the token alone is what others will show. Of Basic the password too. */
function afterScheme(value: string): string[] {
  const [, scheme, token] = /^(bearer|basic|token|digest)\s+(\S+)$/i.exec(value) ?? [];
  if (!token) return [];
  if (scheme!.toLowerCase() !== 'basic') return [token];
  return [
    token,
    Buffer.from(token, 'base64')
      .toString()
      .replace(/^[^:]*:/, ''),
  ];
}

/** OpenTelemetry's form: `name=value,name=value`, percent-encoded. */
function headerValues(value: string): string[] {
  return value.split(',').flatMap((pair) => {
    const one = pair.slice(pair.indexOf('=') + 1).trim();
    return spelled(one).flatMap((spelling) => [spelling, ...afterScheme(spelling)]);
  });
}

/** What of a webhook's address is secret stands in its path. */
function pathOf(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { pathname } = new URL(url);
  return [pathname, pathname.slice(pathname.lastIndexOf('/') + 1)].flatMap(spelled);
}

/** As it is written, and decoded. */
function spelled(text: string): string[] {
  try {
    return [text, decodeURIComponent(text)];
  } catch {
    return [text];
  }
}

function distinct(texts: string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}
