/** The target cannot start, for a reason its user can act on: `main.ts` prints the message as one sentence. */
export class StartError extends Error {
  override name = 'StartError';
}
