import { fromBase64, toBase64 } from 'lib0/buffer';

/** Who is signed in, in this tab, until it is closed. The ledger itself is never stored: it is pulled again. */
export type Session = { email: string; token: string; refreshToken: string; key: Uint8Array };

const NAME = 'session';

export function saveSession(session: Session): void {
  sessionStorage.setItem(NAME, JSON.stringify({ ...session, key: toBase64(session.key) }));
}

export function loadSession(): Session | undefined {
  const text = sessionStorage.getItem(NAME);
  if (text === null) return undefined;
  const stored = JSON.parse(text) as Omit<Session, 'key'> & { key: string };
  return { ...stored, key: fromBase64(stored.key) };
}

export function clearSession(): void {
  sessionStorage.removeItem(NAME);
}
