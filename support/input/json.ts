/** JSON that a person wrote: where it is wrong, and what it says twice. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import jsonc from 'jsonc-parser';

/**
 * The value of a JSON text; a byte order mark is passed over.
 * @throws what is wrong with it and where: `line 3, column 5: "a" stands there for the second time`
 */
export function parseJson(text: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  const wrong = firstMistake(json);
  if (wrong !== undefined) throw new Error(wrong);
  try {
    return JSON.parse(json);
  } catch (error) {
    // Stricter in what a string or a number may hold.
    const { message } = error as Error;
    const before = json.slice(0, Number(/position (\d+)/.exec(message)?.[1] ?? 0)).split('\n');
    throw new Error(at(before.length, before.at(-1)!.length + 1, message));
  }
}

/** The line, from 1, of what stands at a place in a JSON text, or of the nearest thing around it that is there. */
export function lineOf(text: string, place: readonly PropertyKey[]): number {
  const json = text.replace(/^\uFEFF/, '');
  const root = jsonc.parseTree(json);
  for (let depth = place.length; depth > 0; depth--) {
    const node = root && jsonc.findNodeAtLocation(root, place.slice(0, depth) as jsonc.JSONPath);
    // Of a property the line of its name: its value may begin further down.
    if (node) return json.slice(0, (node.parent?.type === 'property' ? node.parent : node).offset).split('\n').length;
  }
  return 1;
}

/**
 * Where in a file a person has to look: `profiles/auth.json:12`.
 * @param path relative to `root`; alone where the file cannot be read any more
 */
export function placeIn(root: string, path: string, place: readonly PropertyKey[]): string {
  const text = readIfThere(join(root, path));
  return text === undefined ? path : `${path}:${lineOf(text, place)}`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function firstMistake(json: string): string | undefined {
  const mistakes: string[] = [];
  const objects: Set<string>[] = [];
  const found = (line: number, column: number, what: string) => void mistakes.push(at(line + 1, column + 1, what));
  const visitor: jsonc.JSONVisitor = {
    onObjectBegin: () => void objects.push(new Set()),
    onObjectEnd: () => void objects.pop(),
    onObjectProperty(key, _offset, _length, line, column) {
      const keys = objects.at(-1)!;
      if (keys.has(key)) found(line, column, `"${key}" stands there for the second time`);
      if (key === '__proto__') found(line, column, `"${key}" is no name for anything`);
      keys.add(key);
    },
    onError(code, _offset, _length, line, column) {
      const name = jsonc.printParseErrorCode(code);
      const isComment = name === 'InvalidCommentToken';
      // Their names are words: CommaExpected.
      const words = name.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
      found(line, column, isComment ? 'a comment, which JSON does not have' : words);
    },
  };
  try {
    jsonc.visit(json, visitor, { disallowComments: true });
  } catch (error) {
    if (error instanceof RangeError) return 'its values are nested too deeply';
    throw error;
  }
  return mistakes[0];
}

function at(line: number, column: number, what: string): string {
  return `line ${line}, column ${column}: ${what}`;
}
