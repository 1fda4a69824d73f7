import { builtinMetrics, groupOf } from '../measure/metrics.ts';
import type { Wire } from '../wire/wire.ts';

/** Where every target's parts are: the addresses that those of a family's own are derived from. */
export interface Addresses {
  /** The page that journeys open. */
  baseUrl: string;
  apiUrl: string;
  wsUrl: string;
}

/** An environment variable, or line of a target's `.env` file, that says where a target's part is or how it is spoken to. */
export interface Setting<T = unknown> {
  variable: string;
  /** For the sentence about a value that is not allowed: `PATCH or PUT`. */
  allowed: string;
  /** Undefined when the text is not allowed. */
  parse(text: string): T | undefined;
  /** Its value where nothing is set. */
  byDefault(target: Addresses): T;
  /**
   * Where its value leads, such as the host of the first request in a file: stands in for `API_URL` where neither that nor `BASE_URL`
   * is set. Undefined when it leads nowhere by itself.
   */
  leadsTo?(text: string): string | undefined;
  /** Of an address, how it is spoken to: a run with loads waits until it answers, and watches it. */
  url?: 'http' | 'ws';
  /** Of an address that is spoken to in another way. A run with loads of its family waits until it answers, and watches it. */
  endpoint?: EndpointKind<T>;
  /** Nothing that a run leaves shows its value; nor does the sentence that refuses it. */
  secret?: true;
}

/** What settings and the way to them are on a target. */
export interface Reached {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly wire: Wire;
}

/** How an address is asked that speaks neither HTTP nor WebSocket. */
export interface EndpointKind<T = unknown> {
  /** What of its value may stand in a report. */
  shown(value: T): string;
  /**
   * Resolves when somebody is there who can be spoken to.
   * @throws an error whose `code`, else its message, ends a sentence; {@link WrongService} when asking again is of no use
   */
  reach(value: T, target: Reached, timeoutMs: number): Promise<void>;
}

/** Somebody else answers at an address than who should. Its message is a sentence for the user. */
export class WrongService extends Error {}

type Default<T> = (target: Addresses) => T;

/** An address over HTTP, such as `https://api.example.com/sync`; it has no slash at its end. */
export function httpUrl(variable: string, byDefault: Default<string>): Setting<string> {
  return address(variable, 'http', byDefault);
}

/** An address over WebSocket, such as `wss://api.example.com/feed`; it has no slash at its end. */
export function wsUrl(variable: string, byDefault: Default<string>): Setting<string> {
  return address(variable, 'ws', byDefault);
}

/** One of several words; undefined, or the given one, where nothing is set. */
export function oneOf<const T extends string>(variable: string, words: readonly T[]): Setting<T | undefined>;
export function oneOf<const T extends string>(variable: string, words: readonly T[], byDefault: T): Setting<T>;
export function oneOf<const T extends string>(
  variable: string,
  words: readonly T[],
  byDefault?: T,
): Setting<T | undefined> {
  const allowed = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return { variable, allowed, parse: (text) => words.find((word) => word === text), byDefault: () => byDefault };
}

/** What an API's paths begin with, such as `/api/v1`; empty for nothing. It has no slash at its end. */
export function pathPrefix(variable: string, byDefault: string): Setting<string> {
  return {
    variable,
    allowed: `a path such as ${byDefault}`,
    parse: (text) => (/^(\/[\w.-]+)*\/?$/.test(text) ? text.replace(/\/$/, '') : undefined),
    byDefault: () => byDefault,
  };
}

/** Where a figure of the target's stands among those that it publishes: a series of Prometheus, and what makes our unit of its. */
export interface FigureName {
  name: string;
  /** As they stand there: `container="api"`. */
  labels: string[];
  scale: number;
}

const figures = Object.keys(builtinMetrics).filter((metric) => groupOf(metric) === 'target' && !metric.includes('cpu'));
const figureName = /^(\w+)=([a-zA-Z_:][\w:]*)(?:\{([^{}\s]*)\})?(?:\*(\d+(?:\.\d+)?))?$/;

/** Names of the target's own figures, by metric, where it has others than what is usual for its kind of process. */
export function figureNames(variable: string): Setting<Record<string, FigureName>> {
  return {
    variable,
    allowed: `names such as target_memory_bytes=app_rss_bytes{pod="api"} or target_event_loop_delay=app_lag_seconds*1000, with blanks between them, of ${figures.join(', ')}`,
    parse(text) {
      const read = text
        .trim()
        .split(/\s+/)
        .map((one) => figureName.exec(one));
      const all = read.flatMap((match): [string, FigureName][] => {
        const [, metric = '', name = '', labels = '', scale = '1'] = match ?? [];
        return figures.includes(metric)
          ? [[metric, { name, labels: labels.split(',').filter(Boolean), scale: Number(scale) }]]
          : [];
      });
      return all.length === read.length ? Object.fromEntries(all) : undefined;
    },
    byDefault: () => ({}),
  };
}

function address(variable: string, url: 'http' | 'ws', byDefault: Default<string>): Setting<string> {
  const protocol = new RegExp(`^${url}s?:$`);
  return {
    variable,
    url,
    allowed: `a URL such as ${url}://127.0.0.1:4000${url === 'http' ? ', without a query or fragment' : ''}`,
    parse(text) {
      if (!URL.canParse(text) || !protocol.test(new URL(text).protocol)) return undefined;
      // Paths are added to it: what they were added to would be lost, or they would.
      return url === 'http' && /[?#]/.test(text) ? undefined : text.trim().replace(/\/+$/, '');
    },
    byDefault,
  };
}

type Values<S extends Record<string, Setting>> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Settings that belong together, and the function that reads them off a target. */
export interface Settings<S extends Record<string, Setting> = Record<string, Setting>> {
  /**
   * Their values for a target.
   * @throws one sentence when no family that has them is listed in the project's configuration: they would never be looked at
   */
  (target: { readonly settings: Readonly<Record<string, unknown>> }): Values<S>;
  readonly declared: readonly Setting[];
}

/** Declares settings, each by the name that code has for it. */
export function settings<S extends Record<string, Setting>>(named: S): Settings<S> {
  const read = ({ settings: values }: { readonly settings: Readonly<Record<string, unknown>> }) => {
    const pairs = Object.entries(named).map(([name, { variable }]) => {
      if (!Object.hasOwn(values, variable)) {
        throw new Error(
          `${variable} belongs to a family that this project does not list; allowed is tandemConfig(import.meta.dirname, [<family>, …]) in playwright.config.ts.`,
        );
      }
      return [name, values[variable]];
    });
    return Object.fromEntries(pairs) as Values<S>;
  };
  return Object.assign(read, { declared: Object.values(named) });
}

/**
 * What may be shown of a text that should have been a URL: it may still hold a password, as one with a misspelt protocol does, or
 * a slash in it, and its query a token.
 */
export function shownText(text: string): string {
  return text.replace(/\/\/(?:[^:/?#@]+:(?!\d*[/?#]).*|[^/]*)@/, '//***@').replace(/([?#]).*/s, '$1…');
}
