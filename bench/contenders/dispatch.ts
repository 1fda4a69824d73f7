/** The floor: undici without promises and streams, the body thrown away as it comes. */
import { type Dispatcher, Pool } from 'undici';
import { contend } from '../contender.ts';

let pool: Pool | undefined;

contend(({ origin, connections, requests }) => {
  pool ??= new Pool(origin, { connections });
  const bound = pool;
  return new Promise<void>((resolve, reject) => {
    let left = requests;
    let open = 0;
    const next = () => {
      if (left > 0) {
        left -= 1;
        open += 1;
        bound.dispatch({ method: 'GET', path: '/' }, handler);
      } else if (open === 0) resolve();
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        if (statusCode !== 200) reject(new Error(`answer ${statusCode}`));
      },
      onResponseData() {},
      onResponseEnd() {
        open -= 1;
        next();
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    };
    for (let count = 0; count < connections; count += 1) next();
  });
});
