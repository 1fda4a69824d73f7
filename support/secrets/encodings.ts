/** Characters of base64 that the bytes before a secret reach into, by how many bytes stand before it in a group of three. */
const SHARED_CHARACTERS = [0, 2, 3];
/** Fewer characters of base64 stand in many a text by chance. */
const FEWEST_CHARACTERS = 6;

/**
 * Every way in which a text may stand inside another one: as it is, percent-encoded once and twice (as a URL's part, its user, a
 * form's field), in JSON once and twice, in HTML, as bytes (in hexadecimal, as Node shows a Buffer, in UTF-16), and in base64, wherever in the
 * encoded bytes it begins.
 */
export function encodings(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  // Half of a surrogate pair cannot be encoded.
  const whole = bytes.toString();
  const percent = [encodeURIComponent(whole), encodeURI(whole), asUser(whole), asField(whole)];
  const json = asJson(text);
  const all = [
    text,
    ...percent,
    ...percent.map((one) => one.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase())),
    // Such as an address to come back to, within one that it is a parameter of.
    ...percent.map(encodeURIComponent),
    ...json,
    ...json.map((one) => JSON.stringify(one).slice(1, -1)),
    ...asHtml(text),
    hex,
    hex.toUpperCase(),
    hex.replace(/..(?=.)/g, '$& '),
    // Of either order, which begin or end in one more.
    [...text].join('\0'),
    ...base64(bytes),
  ];
  return [...new Set(all)];
}

/** What some escape in JSON beyond what they must, and how they spell it. */
const jsonEscapes: [characters: RegExp, spell: (character: string) => string][] = [
  // Python.
  [/[^ -~]/g, unicode],
  // PHP.
  [/\/|[^ -~]/g, (character) => (character === '/' ? '\\/' : unicode(character))],
  [/\//g, () => '\\/'],
  // Go and Ruby on Rails.
  [/[<>&]/g, unicode],
  // Gson.
  [/[<>&=']/g, unicode],
  // .NET.
  [/\\"|[<>&+'`]|[^ -~]/g, (character) => unicode(character).replace(/[a-f]/g, (digit) => digit.toUpperCase())],
];

/** `\u003c`; of an escaped quote that of the quote. */
function unicode(character: string): string {
  return `\\u${character
    .charCodeAt(character.length - 1)
    .toString(16)
    .padStart(4, '0')}`;
}

function asJson(text: string): string[] {
  const least = JSON.stringify(text).slice(1, -1);
  return [least, ...jsonEscapes.map(([characters, spell]) => least.replace(characters, spell))];
}

/** As several languages spell the two kinds of quotes. */
const htmlQuotes = [
  { '"': '&quot;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#x27;' },
  { '"': '&quot;', "'": '&#039;' },
  { '"': '&#34;', "'": '&#39;' },
];
const htmlMarkup = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function asHtml(text: string): string[] {
  return htmlQuotes.map((quotes) => {
    const entities: Record<string, string> = { ...htmlMarkup, ...quotes };
    return text.replace(/[&<>"']/g, (one) => entities[one]!);
  });
}

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
