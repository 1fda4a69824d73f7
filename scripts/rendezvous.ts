// npx tandem rendezvous, and a file of its own in the image: where the shards of a run wait for one another (LOAD_RENDEZVOUS). HOST
// and PORT say where it listens.
import { Rendezvous } from '../support/schedule/rendezvous.ts';

const host = process.env.HOST || '127.0.0.1';
const port = Number(process.env.PORT || 4100);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`PORT is "${process.env.PORT}"; allowed is a number from 0 (any free port) to 65535.`);
  process.exit(1);
}
try {
  const rendezvous = await Rendezvous.listen(port, host);
  console.log(`listening on http://${host}:${rendezvous.port}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => rendezvous.close());
} catch (error) {
  console.error(`HOST=${host} PORT=${port} cannot be listened on: ${(error as NodeJS.ErrnoException).code}.`);
  process.exit(1);
}
