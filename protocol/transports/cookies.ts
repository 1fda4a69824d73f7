import { CookieJar } from 'tough-cookie';

/** The cookies of one visitor, kept and sent by the rules of browsers. */
export class Cookies {
  readonly #jar = new CookieJar();
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
