/** JSON that a person wrote: where it is wrong, and what it says twice. */
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
