/**
 * The text of a body; undefined when it is longer than `mostBytes`, of which no more is kept or read.
 * @param chunks of bytes, such as a stream, which is destroyed when it is longer
 */
export async function textUpTo(chunks: AsyncIterable<Uint8Array>, mostBytes: number): Promise<string | undefined> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > mostBytes) return undefined;
    kept.push(chunk);
  }
  return Buffer.concat(kept).toString();
}
