import type { TargetSettings } from './target.ts';
import { redact } from './trace.ts';

/** Shorter is a word: blanking it would blank half of a report and hide nothing. */
const SHORTEST = 6;

/** What of a target's settings nobody may see: its token, and the passwords in its URLs, as written and as sent. */
export function secretsOf({ values }: TargetSettings): string[] {
  const passwords = Object.values(values).flatMap((value) => (URL.canParse(value) ? [new URL(value).password] : []));
  const all = [values.API_TOKEN ?? '', ...passwords, ...passwords.map(decoded)];
  return [...new Set(all)].filter((secret) => secret.length >= SHORTEST);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A copy of plain data with the secrets blanked in every text, names of fields included. */
export function withoutSecrets<T>(data: T, secrets: string[]): T {
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return redact(value, secrets);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [redact(name, secrets), clean(one)]));
  };
  return clean(data) as T;
}
