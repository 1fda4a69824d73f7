/** Playwright's blobs, looked at before it merges them: what it says of a bad one is a stack of its own code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';

/** The blob format that the installed Playwright writes and reads. */
const FORMAT = 2;
const DEFLATED = 8;

/**
 * @param folder where the blobs of all shards are
 * @throws one sentence: there are none, or one of them is no blob, is cut off or damaged, or of another version
 */
export function checkBlobs(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.zip'));
  } catch (error) {
    throw new Error(
      `${folder} cannot be read (${(error as NodeJS.ErrnoException).code}); allowed is a folder of blobs.`,
    );
  }
  if (names.length === 0) {
    throw new Error(
      `${folder} holds no blob (*.zip): each shard writes one into its blob-report/; collect them there.`,
    );
  }
  for (const name of names.sort()) {
    const path = join(folder, name);
    let first: { method: string; params?: { version?: number } } | null;
    try {
      first = JSON.parse(reportOf(readFileSync(path)));
    } catch (error) {
      // Where the directory says that something is, there is nothing.
      const why = error instanceof RangeError ? 'its directory is damaged' : (error as Error).message;
      throw new Error(
        `${path} is not a whole blob: ${why}. There is no verdict: fetch it again, or remove it to have its shard reported as missing.`,
      );
    }
    const version = first?.method === 'onBlobReportMetadata' ? first.params?.version : undefined;
    if (version !== FORMAT) {
      throw new Error(
        `${path} is a blob of format ${version ?? 'unknown'}; allowed is ${FORMAT}. There is no verdict: merge with the version of Playwright that ran the shards.`,
      );
    }
  }
}

/** The first line of a blob's report, once every file in it was found to be whole. */
function reportOf(zip: Buffer): string {
  let first: string | undefined;
  for (const { name, content } of filesOf(zip)) {
    if (name.endsWith('.jsonl')) first ??= content.subarray(0, content.indexOf('\n')).toString();
  }
  if (first === undefined) throw new Error('there is no report in it');
  return first;
}

/** By APPNOTE.TXT of PKWARE: the directory is at the end, and each of its entries says where the file is. */
function* filesOf(zip: Buffer): Generator<{ name: string; content: Buffer }> {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('its end is missing');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error('its directory is damaged');
    const method = zip.readUInt16LE(at + 10);
    const [sum, size] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 20)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength!);
    const header = zip.readUInt32LE(at + 42);
    const begin = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const packed = zip.subarray(begin, begin + size);
    const content = method === DEFLATED ? inflateRawSync(packed) : packed;
    if (crc32(content) !== sum) throw new Error(`${name} is damaged`);
    yield { name, content };
    at += 46 + nameLength! + extraLength! + commentLength!;
  }
}
