/** For tests: a load that asks a server of the test's own for `/item`. */
import type { RequestListener } from 'node:http';
import type { Verdict } from '../support/judge/verdict.ts';
import { repository } from './project.ts';

export const item: RequestListener = (_request, answer) => void answer.end('{"id":1}');

interface Parts {
  vu?: string;
  get?: string;
}

/** `protocol/ping.load.ts` with code of the test's own in its places; `burn(ms)` blocks the process. */
export function pingLoad({ vu = '', get = '' }: Parts = {}): string {
  return `
    import { load } from '${repository}/support/test.ts';
    import { Http } from '${repository}/protocol/transports/http.ts';

    let turn = 0;
    let started = false;
    function burn(ms) {
      const until = performance.now() + ms;
      while (performance.now() < until);
    }

    load('ping', {
      setup: (slice) => new Http(slice, slice.target.apiUrl),
      teardown: (http) => http.close(),
      vu(vu, http) {
        ${vu}
        return http;
      },
      operations: {
        get: {
          weight: 1,
          async run(http, vu) {
            turn += 1;
            started = true;
            const answer = await http.request({ op: 'get', method: 'GET', path: '/item' });
            vu.check('status is 200', answer.status === 200);
            ${get}
          },
        },
      },
    });`;
}

export interface Input {
  answer?: RequestListener;
  load?: string;
  profile?: object;
  files?: Record<string, unknown>;
  args?: string[];
  env?: Record<string, string>;
}

export function iterations(verdict: Verdict): number {
  return verdict.metrics['iterations{scenario:ping}']?.values.count ?? 0;
}
