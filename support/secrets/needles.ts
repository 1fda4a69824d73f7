/** A shorter needle is found in too many texts. */
const SHORTEST = 6;
/** By so many of its first characters a needle is looked up. */
const START = 4;
/** A needle that a text's end cut off is one when so many of its characters, and half of it, are there. */
const LEAST_CUT = 8;

/** Needles that begin alike. */
interface Same {
  all: Set<string>;
  /** That they have, the longest first: of two that begin alike the longer one is meant. */
  lengths: number[];
}

/** Texts that are looked for all at once: the time that it takes depends on the text searched, not on how many they are. */
export class Needles {
  readonly #byStart = new Map<string, Same>();
  /** One for every hash that a start has: nearly every place of a text is passed over by it. */
  readonly #starts = new Uint8Array(1 << 16);

  /** Shorter ones than six characters are left out. */
  add(needle: string): void {
    if (needle.length < SHORTEST) return;
    const start = needle.slice(0, START);
    const same = this.#byStart.get(start) ?? { all: new Set(), lengths: [] };
    this.#byStart.set(start, same);
    same.all.add(needle);
    if (!same.lengths.includes(needle.length)) {
      same.lengths.push(needle.length);
      same.lengths.sort((a, b) => b - a);
    }
    this.#starts[hashAt(needle, 0)] = 1;
  }

  /** The text with each needle replaced, also one that was cut off before `…`, `...` or the text's end. */
  replace(text: string, by: string): string {
    if (this.#byStart.size === 0) return text;
    let clean = '';
    let from = 0;
    for (let i = 0; i + SHORTEST <= text.length; i += 1) {
      if (this.#starts[hashAt(text, i)] === 0) continue;
      const same = this.#byStart.get(text.slice(i, i + START));
      const length = same && lengthAt(text, i, same);
      if (!length) continue;
      clean += text.slice(from, i) + by;
      from = i + length;
      i = from - 1;
    }
    return from === 0 ? text : clean + text.slice(from);
  }
}

function hashAt(text: string, i: number): number {
  return (text.charCodeAt(i) + 61 * text.charCodeAt(i + 1) + 3_721 * text.charCodeAt(i + 2)) & 0xffff;
}

/** Of the needle that stands there, or of what is left of one; 0 when there is none. */
function lengthAt(text: string, i: number, { all, lengths }: Same): number {
  const whole = lengths.find((length) => all.has(text.slice(i, i + length)));
  if (whole !== undefined) return whole;
  // Only where a text ends, or says that it was cut, is it worth a look at each of them.
  const near = text.slice(i, i + lengths[0]!);
  const cut = near.search(/…|\.\.\./);
  const left = cut < 0 && near.length === text.length - i ? near : near.slice(0, Math.max(0, cut));
  const isEnd = cut < 0;
  if (left.length < (isEnd ? LEAST_CUT : SHORTEST)) return 0;
  for (const needle of all) {
    if (needle.startsWith(left) && (!isEnd || left.length * 2 >= needle.length)) return left.length;
  }
  return 0;
}
