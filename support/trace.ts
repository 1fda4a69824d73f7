import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';

/** Where a token stands in what a trace holds, however the application calls it. */
const tokenPatterns = [
  /(Bearer\s+)[\w.~+/=-]+/gi,
  /("(?:access_token|refresh_token|token|password)\\?"\s*:\s*\\?")[^"\\]*/gi,
  /([?&](?:access_token|token)=)[^&"\\\s]*/gi,
  // A header or a query's part, as a trace lists them.
  /("name":"(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|(?:access_|refresh_)?token)","value":")(?:[^"\\]|\\.)*/gi,
];

/** Cookies as a trace lists them: each may be a session. */
const cookies = /("cookies":\[)[^\]]+/g;

/** Content that is no text and holds nothing typed or sent. */
const binary = /\.(png|jpe?g|webp|gif|woff2?|ttf|ico)$/i;

/**
 * A Playwright trace without secrets: the given ones and everything that looks like a token are blanked in every part.
 * @param trace a trace as `tracing.stop({ path })` writes it (zip)
 */
export function redactTrace(trace: Uint8Array, secrets: string[]): Uint8Array {
  const parts = unzipSync(trace);
  for (const [name, content] of Object.entries(parts)) {
    // Latin-1 keeps every byte, so that what is not text survives as it was.
    if (!binary.test(name)) parts[name] = strToU8(redact(strFromU8(content, true), secrets.flatMap(spellings)), true);
  }
  return zipSync(parts, { level: 6 });
}

/** How a secret stands in the bytes of a trace: as typed, in a JSON string, in a form or address. */
function spellings(secret: string): string[] {
  const bytes = (text: string) => Buffer.from(text).toString('latin1');
  const asTyped = bytes(secret);
  const inJson = bytes(JSON.stringify(secret).slice(1, -1));
  // A form inside a request inside JSON is escaped twice.
  return [...new Set([JSON.stringify(inJson).slice(1, -1), inJson, encodeURIComponent(secret), asTyped])];
}

/** Blanks secrets in a text. */
export function redact(text: string, secrets: string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret) clean = clean.replaceAll(secret, '***');
  for (const pattern of tokenPatterns) clean = clean.replace(pattern, '$1***');
  return clean.replace(cookies, '$1');
}
