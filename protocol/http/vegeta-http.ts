import { addHeader, type Target, TargetError, targetOf } from './target.ts';

/** Reads a format line by line. */
export interface LineFormat {
  /**
   * @param number counts from 1
   * @returns the target that ends with this line, or before it
   * @throws TargetError
   */
  line(text: string, number: number): Target | undefined;
  /** The file is over. */
  end(): Target | undefined;
}

/** A line begins another target when its first word has nothing but capital letters; no header is such a word alone. */
const begins = /^[A-Z]+(\s|$)/;

/**
 * Vegeta's format for people: `METHOD URL`, then headers, then `@<file>` for the body; an empty line ends a target, and a line that
 * begins with `#` says nothing. Targets without headers may follow one another without an empty line.
 */
export class VegetaHttp implements LineFormat {
  #target: Target | undefined;
  /** Nothing but its first line was read. */
  #isFresh = false;

  line(text: string, number: number): Target | undefined {
    const line = text.trim();
    if (line.startsWith('#')) return undefined;
    if (!this.#target) {
      if (line !== '') this.#begin(line, number);
      return undefined;
    }
    if (line === '') return this.end();
    if (this.#isFresh && begins.test(line)) {
      const whole = this.end();
      this.#begin(line, number);
      return whole;
    }
    this.#isFresh = false;
    if (line.startsWith('@')) {
      const path = line.slice(1).trim();
      if (path === '') throw new TargetError(number, '@ names no file; allowed is @<file> for the body.');
      this.#target.body = { path, line: number };
      return this.end();
    }
    this.#addHeader(line, number);
    return undefined;
  }

  end(): Target | undefined {
    const whole = this.#target;
    this.#target = undefined;
    return whole;
  }

  #begin(line: string, number: number): void {
    const [, method = line, url = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (url === '') {
      const found = /^[A-Z]+$/.test(method) ? `${method} has no URL` : 'this is no target';
      throw new TargetError(number, `${found}; allowed is <method> <URL>, such as GET https://example.com/users.`);
    }
    this.#target = targetOf(method, url, number);
    this.#isFresh = true;
  }

  #addHeader(line: string, number: number): void {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    const value = line.slice(colon + 1).trim();
    // What stands there may be a secret.
    const allowed = 'allowed is <name>: <value>, or @<file> for the body';
    if (colon < 0) throw new TargetError(number, `this header has no colon; ${allowed}.`);
    if (name === '' || value === '')
      throw new TargetError(number, `this header has no ${name === '' ? 'name' : 'value'}; ${allowed}.`);
    addHeader(this.#target!.headers, name, value, number);
  }
}
