/** Characters of base64 that the bytes before a secret reach into, by how many bytes stand before it in a group of three. */
const SHARED_CHARACTERS = [0, 2, 3];
/** Fewer characters of base64 stand in many a text by chance. */
const FEWEST_CHARACTERS = 6;

/**
 * Every way in which a text may stand inside another one: as it is, percent-encoded (as a URL's part, its user, a form's
 * field), in JSON once and twice, in HTML, in hexadecimal, and in base64, wherever in the encoded bytes it begins.
 */
export function encodings(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const json = JSON.stringify(text).slice(1, -1);
  const html = text.replace(/[&<>"']/g, (one) => HTML[one]!);
  // Half of a surrogate pair cannot be encoded.
  const whole = bytes.toString();
  const percent = [encodeURIComponent(whole), encodeURI(whole), asUser(whole), asField(whole)];
  const all = [
    text,
    ...percent,
    ...percent.map((one) => one.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase())),
    json,
    JSON.stringify(json).slice(1, -1),
    html,
    html.replaceAll('&#39;', '&#x27;'),
    hex,
    hex.toUpperCase(),
    ...base64(bytes),
  ];
  return [...new Set(all)];
}

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function asUser(text: string): string {
  const url = new URL('http://host');
  url.username = text;
  return url.username;
}

function asField(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** Of the encoded bytes those characters that are the same whatever stands before and after. */
function base64(bytes: Buffer): string[] {
  return SHARED_CHARACTERS.flatMap((shared, before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const own = all.toString('base64').slice(shared, Math.floor((all.length * 8) / 6));
    const urlSafe = own.replaceAll('+', '-').replaceAll('/', '_');
    return own.length < FEWEST_CHARACTERS ? [] : [own, urlSafe];
  });
}
