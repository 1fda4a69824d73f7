import { CookieJar } from 'tough-cookie';

/** The cookies of one visitor, kept and sent by the rules of browsers. */
export class Cookies {
  /** A host without dots may say its own name, as one with them may; what is said for a whole suffix is sent to nobody anyway. */
  readonly #jar = new CookieJar(undefined, { rejectPublicSuffixes: false });
  #isEmpty = true;

  /** The value of the header `cookie`; undefined for none. */
  for(url: string): string | undefined {
    return this.#isEmpty ? undefined : this.#jar.getCookieStringSync(url) || undefined;
  }

  /** @param lines the values of `set-cookie` in an answer of this URL; those that a browser would refuse are left out */
  take(url: string, lines: readonly string[]): void {
    for (const line of lines) {
      this.#jar.setCookieSync(line, url, { ignoreError: true });
      this.#isEmpty = false;
    }
  }
}
