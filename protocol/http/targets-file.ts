import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { targetsInHar } from './har.ts';
import { type Target, TargetError } from './target.ts';
import { type LineFormat, VegetaHttp } from './vegeta-http.ts';
import { VegetaJson } from './vegeta-json.ts';

/** How targets are written down: both of Vegeta's formats, and what browsers save. */
export const formats = ['http', 'json', 'har'] as const;
export type Format = (typeof formats)[number];

/** A line is no longer than this, a body in base64 included; a HAR, which is read as a whole, is no larger. */
const MAX_TEXT = 256 * 1024 ** 2;
/** What tells the format, and the first target. */
const HEAD_BYTES = 64 * 1024;

/** A file of targets, of any length: no more of it is held than one part. */
export class TargetsFile {
  readonly path: string;
  /** In sentences. */
  readonly name: string;
  readonly #format: Format | undefined;
  /** What it has one after the other, for sentences; known once it is read. */
  #unit: 'line' | 'entry' = 'line';

  /**
   * @param path relative to the folder that the run is started in
   * @param format default: by what the file begins with
   */
  constructor(path: string, format?: Format, name = shownPath(path)) {
    this.path = path;
    this.name = name;
    this.#format = format;
  }

  /**
   * All targets in their order, as many at a time as a part of the file has.
   * @throws one sentence with file and line
   */
  async *batches(): AsyncGenerator<Target[]> {
    const head = this.#head();
    const format = this.#format ?? formatOf(this.path, head);
    this.#unit = format === 'har' ? 'entry' : 'line';
    try {
      if (format === 'har') yield targetsInHar(await this.#whole(), dirname(this.path));
      else yield* this.#lines(linesAs(format));
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** A browser wrote it down, which asks others than the site too: known once it is read. */
  get isRecorded(): boolean {
    return this.#unit === 'entry';
  }

  /** In a sentence, where a target stands that was read: `targets.txt: line 3`. */
  placeOf(line: number): string {
    return `${this.name}: ${this.#unit} ${line}`;
  }

  /** Where its first target is, by a look at its beginning if that tells; undefined where that is a path of the API, or none. */
  firstOrigin(): string | undefined {
    let head: string;
    try {
      head = this.#head();
    } catch {
      return undefined;
    }
    const format = this.#format ?? formatOf(this.path, head);
    if (format === 'http') return bareOrigin(firstTarget(head));
    const first = firstOrigin(firstUrl[format], head);
    return format === 'har' && first === undefined ? this.#firstInHar() : first;
  }

  /** Before its first request a browser may tell of more than the beginning holds, such as which calls led to it. */
  #firstInHar(): string | undefined {
    try {
      return bareOrigin(targetsInHar(withoutMark(readFileSync(this.path, 'utf8')), dirname(this.path))[0]);
    } catch {
      return undefined;
    }
  }

  async *#lines(format: LineFormat): AsyncGenerator<Target[]> {
    let number = 0;
    let rest = '';
    const read = (lines: string[]): Target[] =>
      lines.flatMap((line) => {
        number += 1;
        return format.line(line, number) ?? [];
      });
    for await (const chunk of createReadStream(this.path, 'utf8')) {
      const lines: string[] = chunk.split('\n');
      lines[0] = rest + lines[0]!;
      rest = lines.pop()!;
      if (rest.length > MAX_TEXT) throw new TargetError(number + 1, 'this line has no end; allowed are 256 MB.');
      if (number === 0 && lines[0] !== undefined) lines[0] = withoutMark(lines[0]);
      yield read(lines);
    }
    if (number === 0) rest = withoutMark(rest);
    const last = read([rest]);
    const open = format.end();
    yield open ? [...last, open] : last;
  }

  async #whole(): Promise<string> {
    const text = await readFile(this.path, 'utf8');
    if (text.length > MAX_TEXT) throw new TargetError(1, 'this HAR has more than 256 MB; allowed is a smaller one.');
    return withoutMark(text);
  }

  #head(): string {
    try {
      const file = openSync(this.path, 'r');
      try {
        const bytes = Buffer.alloc(HEAD_BYTES);
        const head = bytes.subarray(0, readSync(file, bytes, 0, HEAD_BYTES, 0));
        // As Windows' PowerShell writes what is redirected to a file.
        if (/^(fffe|feff)/.test(head.toString('hex', 0, 2)))
          throw new TargetError(1, 'this is text in UTF-16; allowed is UTF-8.');
        return withoutMark(head.toString('utf8'));
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (error instanceof TargetError) return new Error(`${this.placeOf(error.line)}: ${error.message}`);
    const { code } = error as NodeJS.ErrnoException;
    return code === undefined
      ? error
      : new Error(`${this.name} cannot be read (${code}); allowed is a file of targets.`);
  }
}

/** Of the order of bytes. */
function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '');
}

function bareOrigin(target: Target | undefined): string | undefined {
  return target?.origin?.replace(/[^/]*@/, '');
}

/** Where somebody looks for it. */
function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** Of the beginning of a file, which may end within a large body: its first URL, as JSON has it. */
const firstUrl = {
  json: /"url"\s*:\s*("(?:[^"\\]|\\.)*")/,
  // Before it, browsers tell which script asked for it.
  har: /"request"\s*:\s*\{(?![^{}[\]]*"method"\s*:\s*"CONNECT")[^{}[\]]*?"url"\s*:\s*("https?:(?:[^"\\]|\\.)*")/i,
};

function firstOrigin(firstUrl: RegExp, head: string): string | undefined {
  try {
    const { protocol, origin } = new URL(JSON.parse(firstUrl.exec(head)![1]!));
    return /^https?:$/.test(protocol) ? origin : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where there is none, or something wrong before it. */
function firstTarget(head: string): Target | undefined {
  const format = new VegetaHttp();
  try {
    for (const [index, line] of head.split('\n').entries()) {
      const target = format.line(line, index + 1);
      if (target) return target;
    }
    return format.end();
  } catch {
    return undefined;
  }
}

function linesAs(format: 'http' | 'json'): LineFormat {
  return format === 'json' ? new VegetaJson() : new VegetaHttp();
}

function formatOf(path: string, head: string): Format {
  if (/\.har$/i.test(path) || /^\s*\{\s*"log"\s*:/.test(head)) return 'har';
  return /^\s*\{/.test(head) ? 'json' : 'http';
}
