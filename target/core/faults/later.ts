/** What has no successor comes late: held back for good it would be lost. */
const MAX_DELAY_MS = 1_000;

/**
 * Delivers a share of what goes to a receiver after its successor on the same line.
 * @param strikes whether the next one comes late
 */
export function outOfOrder(strikes: () => boolean): (to: object, line: string, deliver: () => void) => void {
  const heldBack = new WeakMap<object, Map<string, () => void>>();
  return (to, line, deliver) => {
    const held = heldBack.get(to) ?? new Map<string, () => void>();
    heldBack.set(to, held);
    const release = held.get(line);
    if (release) {
      deliver();
      release();
    } else if (strikes())
      held.set(
        line,
        later(deliver, () => held.delete(line)),
      );
    else deliver();
  };
}

/** Delivers when the function returned is called, or when it is not. */
function later(deliver: () => void, done: () => void): () => void {
  const release = () => {
    clearTimeout(timer);
    done();
    deliver();
  };
  const timer = setTimeout(release, MAX_DELAY_MS).unref();
  return release;
}
