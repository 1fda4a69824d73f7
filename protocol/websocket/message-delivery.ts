import { type DeliveryEvidence, delivery, type Judgement } from '../../support/test.ts';

/** A connection's time, in milliseconds since 1970: from when on it has to hear what is sent. */
export interface Connected {
  /** It tells connections of the whole load apart. */
  sender: number;
  vuId: number;
  from: number;
  /** What was sent before had time to come. */
  until: number;
}

/** A connection that sent messages, the first and the last of them due then; every `periodMs` one. */
export interface Published extends Connected {
  periodMs: number;
}

/** Of a slice. */
export interface MessageEvidence {
  delivery: DeliveryEvidence;
  /** In fan-out: connections to which nothing came at all. */
  silent: Connected[];
  published: Published[];
}

const MAX_EXAMPLES = 10;

/**
 * Each message comes once, and in the order in which its sender sent it: back, or to everybody. A connection is promised what was
 * sent in its time, so that one to which nothing came lost something if anybody else was sending.
 */
export function messageDelivery(slices: MessageEvidence[]): Judgement {
  const judged = delivery(slices.map((slice) => slice.delivery));
  const published = slices.flatMap((slice) => slice.published);
  const deaf = slices
    .flatMap(({ silent }) => silent)
    .filter((one) =>
      published.some((sender) => sender.sender !== one.sender && overlapMs(one, sender) >= sender.periodMs),
    );
  if (deaf.length === 0) return judged;
  const examples = deaf.map(({ vuId, from, until }) => ({ breach: 'heard nothing', vuId, from, until }));
  return {
    ...judged,
    checked: judged.checked + deaf.length,
    violations: judged.violations + deaf.length,
    status: 'violated',
    examples: [...examples, ...judged.examples].slice(0, MAX_EXAMPLES),
    counts: { ...judged.counts, silent: deaf.length },
  };
}

function overlapMs(one: Connected, other: Connected): number {
  return Math.min(one.until, other.until) - Math.max(one.from, other.from);
}
