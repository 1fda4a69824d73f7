/** An event as it comes, by its names on the wire. */
type Content = Record<string, unknown>;

/** The contract has no confirmation of a subscription: servers that give one differ in its name. */
const CONFIRMATIONS: readonly unknown[] = ['subscribed', 'subscribe_ack', 'subscription_ack', 'subscription_confirmed'];

export function isConfirmation({ type }: { type?: unknown }): boolean {
  return CONFIRMATIONS.includes(type);
}

/** What it is about may stand beside its channel or, as the contract leaves it open, in `data`. */
export function inData({ data }: Content): Content | undefined {
  return typeof data === 'object' && data !== null ? (data as Content) : undefined;
}
