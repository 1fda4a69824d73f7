import { exhaustedCodes } from '../measure/failures.ts';

/** What a proxy did, by a code that says so: the target, of which the same could be told, was not reached. */
export class ProxyError extends Error {
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(code, options);
    this.code = code;
  }

  /** Of one that has answered with this status, and opened no tunnel. */
  static refused(status: number): ProxyError {
    return new ProxyError(status > 0 ? `HTTP ${status} (from the proxy)` : `${invalid} (at the proxy)`);
  }

  /** Of the error with which a connection to a proxy ended before it led to a target; what this machine ran out of is nobody else's. */
  static of(error: unknown): Error {
    const {
      code = 'UND_ERR_SOCKET',
      name: kind,
      errors = [],
    } = error as NodeJS.ErrnoException & Partial<AggregateError>;
    if ([error, ...errors].some((one) => exhaustedCodes.has(one.code))) return error as Error;
    const name = kind === 'HTTPParserError' ? invalid : (names[code] ?? code);
    return new ProxyError(`${name} (at the proxy)`, { cause: error });
  }
}

const invalid = 'no valid HTTP answer';

/** What undici calls its own failures, in the words of a report. */
const names: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout: connecting',
  UND_ERR_HEADERS_TIMEOUT: 'timeout: connecting',
  UND_ERR_SOCKET: 'connection closed',
};
