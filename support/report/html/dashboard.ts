/** `LOAD_DASHBOARD`: a page on this machine that follows a run while it lasts, and then is its report. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { causeOf } from '../../../scripts/writable.mjs';
import type { LiveDisplay, LiveSnapshot } from '../live.ts';
import { type LiveCourse, type LivePoint, type LiveSecond, livePage, livePoint, liveView } from './live.ts';

const HOST = '127.0.0.1';
/** More than a chart has pixels. When there are as many, every second one goes. */
const MOST_POINTS = 1_200;
const MOST_PAGES = 16;
/** How soon a page whose connection was lost asks again. */
const RETRY_MS = 500;
/** How long the end of a run waits for its open pages to fetch the report. */
const FETCH_TIMEOUT_MS = 5_000;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.png': 'image/png',
  '.zip': 'application/zip',
};

/** Content by file name. */
export type Files = Record<string, string | Uint8Array>;

/** True when `LOAD_DASHBOARD` asks for one, on whatever port. */
export function wantsDashboard({ LOAD_DASHBOARD }: NodeJS.ProcessEnv): boolean {
  return !!LOAD_DASHBOARD && LOAD_DASHBOARD !== '0';
}

/** Serves the page from 127.0.0.1, to browsers of this machine alone. */
export class Dashboard {
  readonly #server: Server;
  readonly #clean: (snapshot: LiveSnapshot) => LiveSnapshot;
  readonly #pages = new Set<ServerResponse>();
  #page: string | undefined;
  #latest: LiveSnapshot | undefined;
  #points: LivePoint[] = [];
  /** Every so many seconds are a point. */
  #stride = 1;
  #seconds = 0;
  #files: Files | undefined;
  /** Called for each page and picture that was fetched. */
  #fetched: () => void = () => {};

  private constructor(clean: (snapshot: LiveSnapshot) => LiveSnapshot) {
    this.#clean = clean;
    this.#server = createServer((request, response) => this.#answer(request, response));
    // A run neither waits for who looks at it, nor ends with it.
    this.#server.unref();
    this.#server.on('error', () => {});
  }

  /**
   * Undefined when `LOAD_DASHBOARD` is empty or 0.
   * @param clean gives a copy without secrets
   * @throws Error with one sentence when it is neither 1 nor a port, or the port cannot be had
   */
  static async open(
    env: NodeJS.ProcessEnv,
    clean: (snapshot: LiveSnapshot) => LiveSnapshot,
  ): Promise<Dashboard | undefined> {
    if (!wantsDashboard(env)) return undefined;
    const value = env.LOAD_DASHBOARD!;
    const port = Number(value);
    if (!/^\d+$/.test(value) || port < 1 || port > 65_535) {
      throw new Error(`LOAD_DASHBOARD is "${value}"; allowed is 1, for any free port, or the number of a port.`);
    }
    const dashboard = new Dashboard(clean);
    const listening = once(dashboard.#server, 'listening');
    dashboard.#server.listen(port === 1 ? 0 : port, HOST);
    await listening.catch((error: NodeJS.ErrnoException) => {
      const cause = error.code === 'EADDRINUSE' ? 'is in use (EADDRINUSE)' : `cannot be opened: ${causeOf(error)}`;
      throw new Error(
        `LOAD_DASHBOARD is ${port}, but that port of ${HOST} ${cause}; allowed is a free one, or 1 for any.`,
      );
    });
    return dashboard;
  }

  get url(): string {
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** A display that this one follows; it never comes to harm by that. */
  beside(display: LiveDisplay): LiveDisplay {
    return {
      show: (snapshot) => {
        display.show(snapshot);
        if (!this.#server.listening) return;
        try {
          this.#show(this.#clean(snapshot));
        } catch (error) {
          display.print(`The dashboard ends here: ${(error as Error).message}.`);
          void this.end();
        }
      },
      print: (line) => display.print(line),
      stop: () => display.stop(),
    };
  }

  /**
   * Lets the open pages become the report, and ends when each has fetched it, or `timeoutMs` later.
   * @param files `index.html` and what it links to; without it there is no report
   */
  async end(files: Files = {}, timeoutMs = FETCH_TIMEOUT_MS): Promise<void> {
    if (!this.#server.listening) return;
    const pages = [...this.#pages];
    if (pages.length > 0 && 'index.html' in files) {
      await new Promise<void>((resolve) => {
        let left = pages.length * Object.keys(files).filter(isShown).length;
        const timer = setTimeout(resolve, timeoutMs);
        this.#fetched = () => {
          left -= 1;
          if (left > 0) return;
          clearTimeout(timer);
          resolve();
        };
        this.#files = files;
        for (const page of pages) page.end(event('done', {}));
      });
    }
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #show(snapshot: LiveSnapshot): void {
    this.#latest = snapshot;
    const point = livePoint(snapshot);
    const isNew = point !== undefined && point.atMs > (this.#points.at(-1)?.atMs ?? -1);
    const isKept = isNew && this.#seconds++ % this.#stride === 0;
    if (isKept) this.#points.push(point);
    const isFull = this.#points.length >= MOST_POINTS;
    if (isFull) {
      this.#points = this.#points.filter((_, index) => index % 2 === 0);
      this.#stride *= 2;
    }
    if (this.#pages.size === 0) return;
    const second: LiveSecond = { view: liveView(snapshot), point: isKept ? point : null };
    const news = isFull ? this.#course() : event('second', second);
    // Who does not read gets nothing more until it does.
    for (const page of this.#pages) if (!page.writableNeedDrain) page.write(news);
  }

  #course(): string {
    const course: LiveCourse = { view: this.#latest ? liveView(this.#latest) : null, points: this.#points };
    return event('course', course);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    try {
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('X-Frame-Options', 'DENY');
      // Another site's name may be made to point here: then that is what the browser asks for.
      if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) refuse(response, 403);
      else if (request.method !== 'GET') refuse(response.setHeader('Allow', 'GET'), 405);
      else this.#serve(request.url!.replace(/\?.*$/s, ''), response);
    } catch (error) {
      refuse(response, error instanceof URIError ? 404 : 500);
    }
  }

  #serve(path: string, response: ServerResponse): void {
    if (path === '/events') {
      // EventSource does not come again after a 204.
      if (this.#files) refuse(response, 204);
      else if (this.#pages.size >= MOST_PAGES) refuse(response, 503);
      else this.#follow(response);
      return;
    }
    const name = path === '/' ? 'index.html' : decodeURIComponent(path.slice(1));
    this.#page ??= livePage();
    const files = this.#files ?? { 'index.html': this.#page };
    if (!Object.hasOwn(files, name)) {
      refuse(response, 404);
      return;
    }
    if (isShown(name)) response.once('finish', this.#fetched);
    response.setHeader('Content-Type', TYPES[extname(name)] ?? 'application/octet-stream');
    response.end(files[name]);
  }

  #follow(page: ServerResponse): void {
    page.writeHead(200, { 'Content-Type': 'text/event-stream' });
    page.write(`retry: ${RETRY_MS}\n${this.#course()}`);
    this.#pages.add(page);
    page.once('close', () => this.#pages.delete(page));
  }
}

/** What a browser fetches without being told to. */
function isShown(name: string): boolean {
  return /\.(html|png)$/.test(name);
}

function refuse(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

/** In the format of server-sent events; JSON has no line breaks. */
function event(name: string, data: LiveCourse | LiveSecond | Record<string, never>): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
