import * as zlib from 'node:zlib';

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;

/** Newer than the types that are known here. */
const { zstdDecompressSync: zstd } = zlib as { zstdDecompressSync?: Decoder };

const decoders: Record<string, Decoder> = {
  gzip: zlib.gunzipSync,
  deflate,
  br: zlib.brotliDecompressSync,
  ...(zstd && { zstd }),
};

/** There are these too. Any other name, such as `utf-8` or S3's `aws-chunked`, says nothing of the bytes: browsers take them as they are. */
const unreadable = new Set(['compress', 'x-compress', 'dcb', 'dcz', 'zstd']);

/** The value of `accept-encoding` with which an answer can be read. */
export const acceptedEncodings = Object.keys(decoders).join(', ');

/** An answer that cannot be read; says why in words that hold nothing of the target's. */
export class UnreadableBody extends Error {}

/**
 * A body as it was before it was compressed. In place: a trip to the thread pool costs more than the body of a usual answer.
 * @param encoding the value of `content-encoding`
 * @param maxBytes of the result
 * @throws UnreadableBody
 */
export function decode(bytes: Buffer, encoding: string, maxBytes: number): Buffer {
  const names = encoding.toLowerCase().split(',');
  // The last one was applied last.
  return names.reduceRight((decoded, name) => decodeOnce(decoded, name.trim(), maxBytes), bytes);
}

function decodeOnce(bytes: Buffer, name: string, maxBytes: number): Buffer {
  const known = name.replace(/^x-(?=gzip$)/, '');
  if (!Object.hasOwn(decoders, known)) {
    if (unreadable.has(name)) throw new UnreadableBody('answer in a content-encoding that is not known');
    return bytes;
  }
  try {
    return decoders[known]!(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnreadableBody(code === 'ERR_BUFFER_TOO_LARGE' ? 'answer too large' : `answer is no valid ${known}`);
  }
}

/** With zlib's header, as the standard says, or without it, as some servers do. */
function deflate(bytes: Buffer, options: { maxOutputLength: number }): Buffer {
  return (bytes[0]! & 0x0f) === 8 ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
}
