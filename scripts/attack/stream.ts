/** Targets that come one after the other and are read once: as many are kept as an attack sends, since there may be no end of them. */

/** Nobody has so many by hand. */
const MAX_BYTES = 1024 ** 3;

/** A line with which a target begins, in either of Vegeta's formats; a byte order mark may stand before it. */
const begins = /^(\xef\xbb\xbf)?\s*(\{|[A-Z]+(\s|$))/;

/**
 * All that a stream has up to so many targets; all of it where these are not told by their lines, as in a HAR.
 * @param stream in Latin-1, which keeps each byte as it is
 * @param most undefined: nobody knows how many are sent
 * @throws one sentence when it seems to have no end
 */
export async function* firstTargets(
  stream: AsyncIterable<string>,
  most: number | undefined,
  maxBytes = MAX_BYTES,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  let count = 0;
  let enough = most;
  let rest = '';
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Error(
        `The targets that are piped in have more than ${Math.round(maxBytes / 1024 ** 2)} MB, or no end; allowed are fewer of them, as "head -n 1000" leaves.`,
      );
    }
    const lines = chunk.split('\n');
    lines[0] = rest + lines[0]!;
    rest = lines.pop()!;
    const kept: string[] = [];
    for (const line of lines) {
      if (begins.test(line)) {
        // An object of several lines is no target.
        if (count === 0 && /\{\s*$/.test(line)) enough = undefined;
        if (count === enough) {
          yield bytesOf(kept);
          return;
        }
        count += 1;
      }
      kept.push(line);
    }
    yield bytesOf(kept);
  }
  if (count !== enough || !begins.test(rest)) yield Buffer.from(rest, 'latin1');
}

function bytesOf(lines: string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}
