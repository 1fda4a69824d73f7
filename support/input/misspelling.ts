/** What a person wrote, and what was meant. */
import leven from 'leven';

/**
 * `did you mean "a"? allowed: a, b, c`, without the question when `found` is near to none of the names; where there are none, that
 * is said.
 */
export function allowed(found: string, names: string[]): string {
  if (names.length === 0) return 'there is none to choose from';
  const most = Math.max(2, found.length / 4);
  const [nearest] = names
    .map((name) => ({ name, distance: leven(found, name) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance);
  return `${nearest ? `did you mean "${nearest.name}"? ` : ''}allowed: ${names.join(', ')}`;
}

/**
 * The name of a variable that `found` is a slip of: its letters in another spelling (`baseUrl`), a letter too many, too few or
 * in the place of its neighbour in any word (`API_TOKN`), another letter in a word of four or more (`BASW_URL`), or words left
 * out in the middle (`SYNC_URL`). Other programs share the place, so `APP_URL` is no slip of `API_URL`.
 */
export function misspelt(found: string, names: readonly string[]): string | undefined {
  if (names.includes(found)) return undefined;
  return names.find((name) => isRespelt(found, name)) ?? names.find((name) => isSlip(found, name));
}

/** Whether both have the same letters, whatever their case and what stands between their words. */
export function isRespelt(found: string, name: string): boolean {
  return lettersOf(found) === lettersOf(name);
}

function isSlip(found: string, name: string): boolean {
  const [written, meant] = [wordsOf(found), wordsOf(name)];
  if (written.length === meant.length) return written.every((word, i) => isSlipOfWord(word, meant[i]!));
  const [letters, meantLetters] = [lettersOf(found), lettersOf(name)];
  if (letters.length !== meantLetters.length && leven(letters, meantLetters) === 1) return true;
  const isPart = written.length > 1 && written[0] === meant[0] && written.at(-1) === meant.at(-1);
  return isPart && written.length < meant.length && written.every((word) => meant.includes(word));
}

function isSlipOfWord(word: string, meant: string): boolean {
  if (word.length !== meant.length) return leven(word, meant) === 1;
  const changed = leven(word, meant);
  const isSwapped = changed === 2 && [...word].sort().join('') === [...meant].sort().join('');
  return changed === 0 || isSwapped || (changed === 1 && word.length >= 4);
}

function wordsOf(name: string): string[] {
  return name
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .map((word) => (word === 'URI' ? 'URL' : word));
}

function lettersOf(name: string): string {
  return wordsOf(name).join('');
}
