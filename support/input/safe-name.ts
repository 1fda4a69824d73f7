import { createHash } from 'node:crypto';

/**
 * What of a text can stand in the name of a file, a path or a token, with a short hash of all of it, so that no two texts have one name.
 * @param longest characters that it may have
 */
export function safeName(text: string, longest: number): string {
  const readable = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, longest - 10);
  return `${readable || 'run'}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}
