import { type Cookie, CookieJar, MemoryCookieStore } from 'tough-cookie';

type Found = (error: null, cookies: Cookie[]) => void;

/** Of a host without dots, the library's own store looks for a suffix: it throws where the host is called `test` or `example`. */
class HostStore extends MemoryCookieStore {
  override findCookies(host: string, path: string, isSpecial?: boolean): Promise<Cookie[]>;
  override findCookies(host: string, path: string, isSpecial?: boolean, found?: Found): void;
  override findCookies(host: string, path: string, isSpecial?: boolean, found?: Found): unknown {
    if (host.includes('.')) return super.findCookies(host, path, isSpecial, found as never);
    // The jar looks itself which of them are for the path.
    const cookies = Object.values(this.idx[host] ?? {}).flatMap((byName) => Object.values(byName));
    found?.(null, cookies);
    return Promise.resolve(cookies);
  }
}

/** The cookies of one visitor, kept and sent by the rules of browsers. */
export class Cookies {
  /** A host without dots may say its own name, as one with them may; what is said for a whole suffix is sent to nobody anyway. */
  readonly #jar = new CookieJar(new HostStore(), { rejectPublicSuffixes: false });
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
