/** Who is signed in. */
export type Session = { email: string; token: string; refreshToken: string };

/** A page's session, kept in this tab until it is closed. What the page shows is never stored: it is asked for again. */
export class SessionStore<S extends Session> {
  readonly #name: string;

  /** @param name each page has its own: to be signed in to one is not to be signed in to the other */
  constructor(name: string) {
    this.#name = name;
  }

  save(session: S): void {
    sessionStorage.setItem(this.#name, JSON.stringify(session));
  }

  load(): S | undefined {
    const text = sessionStorage.getItem(this.#name);
    return text === null ? undefined : (JSON.parse(text) as S);
  }

  clear(): void {
    sessionStorage.removeItem(this.#name);
  }
}
