import type { Judgement } from '../measure/evidence.ts';
import { epochMs } from '../measure/marks.ts';
import { Counters } from './counters.ts';

/** A device's ack times are kept this coarsely: they only help a person to find a loss in a log. */
const TIME_STEP_MS = 10_000;
const MAX_EXAMPLES = 10;
/** Clocks of two machines differ. Less than the pause between the end of all load and the last look on one machine. */
const CLOCK_SLACK_MS = 250;

/** What one device wrote and read, packed; evidence of the oracle `acknowledged-writes`. */
export interface DeviceEvidence {
  account: string;
  device: string;
  /** Ranges of its own change counters; see `Counters`. */
  acknowledged: number[];
  /** Pushed without an answer: may or may not have happened. A repeat may have been acknowledged all the same. */
  indeterminate: number[];
  /** What it pulled of other devices, by device. */
  received: Record<string, number[]>;
  duplicates: number;
  /** It pulled everything there was after the load had come to rest: what it lacks is lost. */
  complete: boolean;
  /** When that pull began, epoch ms; undefined when nobody on another machine may have written meanwhile. */
  readFrom?: number;
  /** The run's start on the clock of its machine, epoch ms; 0 when nothing was acknowledged. */
  startedAt: number;
  /** When the last of its writes was acknowledged, ms since then. */
  lastMs: number;
  /** `[counter, ms since the run's start]`: no later than then was this counter acknowledged. */
  times: [counter: number, atMs: number][];
}

/** Change ids are `<device>-<counter>`: with them a history of millions of writes is a handful of ranges. */
export function changeId(device: string, counter: number): string {
  return `${device}-${counter}`;
}

/** Writes down what a device has written and read. Its room grows with gaps, not with writes. */
export class DeviceHistory {
  readonly account: string;
  readonly device: string;
  readonly #acknowledged = new Counters();
  readonly #indeterminate = new Counters();
  readonly #received = new Map<string, Counters>();
  readonly #times: DeviceEvidence['times'] = [];
  #duplicates = 0;
  #startedAt = 0;
  #lastMs = 0;

  constructor(account: string, device: string) {
    this.account = account;
    this.device = device;
  }

  acknowledged(counter: number, atMs: number): void {
    this.#acknowledged.add(counter);
    this.#startedAt ||= epochMs() - atMs;
    this.#lastMs = atMs;
    const last = this.#times.at(-1);
    if (!last || atMs - last[1] >= TIME_STEP_MS) this.#times.push([counter, Math.round(atMs)]);
  }

  indeterminate(counter: number): void {
    this.#indeterminate.add(counter);
  }

  /** A pulled change. False when this device had it before. Ids that are not {@link changeId}s are none of ours. */
  received(id: string): boolean {
    const dash = id.lastIndexOf('-');
    const counter = Number(id.slice(dash + 1));
    if (dash < 1 || !Number.isInteger(counter)) return true;
    const writer = id.slice(0, dash);
    let counters = this.#received.get(writer);
    if (!counters) {
      counters = new Counters();
      this.#received.set(writer, counters);
    }
    const fresh = counters.add(counter);
    if (!fresh) this.#duplicates += 1;
    return fresh;
  }

  /**
   * @param complete whether the last pull reached the end after the load had come to rest
   * @param readFrom when that pull began, epoch ms: other machines may still have written then
   */
  evidence(complete: boolean, readFrom?: number): DeviceEvidence {
    return {
      account: this.account,
      device: this.device,
      acknowledged: this.#acknowledged.pack(),
      indeterminate: this.#indeterminate.pack(),
      received: Object.fromEntries([...this.#received].map(([writer, counters]) => [writer, counters.pack()])),
      duplicates: this.#duplicates,
      complete,
      readFrom,
      startedAt: this.#startedAt,
      lastMs: this.#lastMs,
      times: this.#times,
    };
  }
}

/**
 * Every acknowledged write can be read by every other device of its account. Wire-contracts, section 1: only ids in `accepted`
 * are acknowledged, and those are readable, exactly once after de-duplication. Of shards that end one after the other, a device
 * answers only for what was acknowledged before it looked.
 */
export function acknowledgedWrites(devices: DeviceEvidence[]): Judgement {
  const counts = {
    devices: devices.length,
    readers: 0,
    duplicates: 0,
    indeterminate: 0,
    neverAcknowledged: 0,
    unread: 0,
  };
  const examples: unknown[] = [];
  let checked = 0;
  let violations = 0;
  for (const members of byAccount(devices).values()) {
    const readers = members.filter(({ complete }) => complete);
    counts.readers += readers.length;
    for (const member of members) counts.duplicates += member.duplicates;
    for (const writer of members) {
      const acknowledged = new Counters(writer.acknowledged);
      const indeterminate = new Counters(writer.indeterminate);
      counts.indeterminate += indeterminate.without(acknowledged).size;
      const others = readers.filter(({ device }) => device !== writer.device);
      if (others.length === 0) {
        counts.unread += acknowledged.size;
        continue;
      }
      const seen = acknowledged.upTo(Math.max(...others.map((reader) => lastDue(writer, reader))));
      checked += seen.size;
      counts.unread += acknowledged.size - seen.size;
      let lost = new Counters();
      let present = new Counters();
      for (const reader of others) {
        const received = new Counters(reader.received[writer.device]);
        lost = lost.with(acknowledged.upTo(lastDue(writer, reader)).without(received));
        present = present.with(received);
      }
      violations += lost.size;
      counts.neverAcknowledged += present.without(acknowledged).without(indeterminate).size;
      for (const counter of lost) {
        if (examples.length === MAX_EXAMPLES) break;
        examples.push(lostWrite(writer, counter, others));
      }
    }
  }
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') examples.push('no acknowledged write could be read back');
  return { checked, violations, examples, status, counts };
}

/** The last of the writer's counters that was certainly acknowledged when the reader began to look. */
function lastDue({ startedAt, lastMs, times }: DeviceEvidence, { readFrom }: DeviceEvidence): number {
  const untilMs = (readFrom ?? Number.POSITIVE_INFINITY) - startedAt - CLOCK_SLACK_MS;
  return lastMs <= untilMs ? Number.POSITIVE_INFINITY : (times.findLast(([, atMs]) => atMs <= untilMs)?.[0] ?? -1);
}

function lostWrite(writer: DeviceEvidence, counter: number, readers: DeviceEvidence[]): object {
  const missedBy = readers.filter(
    (reader) => counter <= lastDue(writer, reader) && !new Counters(reader.received[writer.device]).has(counter),
  );
  const after = writer.times.findLast(([first]) => first <= counter)?.[1] ?? 0;
  return {
    id: changeId(writer.device, counter),
    account: writer.account,
    writer: writer.device,
    missingOn: missedBy.map(({ device }) => device),
    acknowledgedAfterMs: after,
    acknowledgedBeforeMs: writer.times.find(([first]) => first > counter)?.[1] ?? null,
  };
}

function byAccount(devices: DeviceEvidence[]): Map<string, DeviceEvidence[]> {
  const accounts = new Map<string, DeviceEvidence[]>();
  for (const device of devices) {
    const members = accounts.get(device.account);
    if (members) members.push(device);
    else accounts.set(device.account, [device]);
  }
  return accounts;
}
