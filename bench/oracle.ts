/** Memory that the oracle `acknowledged-writes` takes for the writes of the heaviest profile over its whole length. */
import { acknowledgedSet, type SetEvidence, SetHistory } from '../support/check/acknowledged-set.ts';
import { printTable } from './table.ts';

export const name = 'oracle';
export const about = 'memory of the acknowledged-writes oracle at heavy’s rates for 15 minutes';

/** Profile heavy: 3,080 iterations a second, 70 % of them push 3 changes on average, over 15 minutes, by 1,000 devices. */
const DEVICES = 1_000;
const DEVICES_PER_ACCOUNT = 4;
const WRITES = Math.round(3_080 * 0.7 * 3 * 15 * 60);
/** One in so many is lost, which is what costs room: a gap. */
const LOST_EVERY = 10_000;

export async function run(): Promise<void> {
  const before = heapMb();
  let atMs = 0;
  const devices = Array.from({ length: DEVICES }, (_, id) => {
    const set = `account-${Math.floor(id / DEVICES_PER_ACCOUNT)}`;
    return new SetHistory({ set, by: `device-${id}`, now: () => atMs });
  });
  const startAt = process.cpuUsage();
  for (let write = 0; write < WRITES; write++) {
    const writer = write % DEVICES;
    atMs = write / 7;
    const id = devices[writer]!.next();
    devices[writer]!.acknowledged(id);
    if (write % LOST_EVERY === 0) continue;
    const first = writer - (writer % DEVICES_PER_ACCOUNT);
    for (let reader = first; reader < first + DEVICES_PER_ACCOUNT; reader++) {
      if (reader !== writer) devices[reader]!.found(id);
    }
  }
  const { user, system } = process.cpuUsage(startAt);
  const history = heapMb() - before;
  const evidence = devices.map((device) => device.evidence(true));
  const bytes = JSON.stringify(evidence).length;
  const { violations, checked } = acknowledgedSet(JSON.parse(JSON.stringify(evidence)) as SetEvidence[], {
    isWhole: true,
  });
  printTable(
    ['writes', 'heap MB', 'evidence MB', 'CPU µs a write, 3 readers', 'checked', 'lost', 'found'],
    [
      [
        WRITES.toLocaleString('en'),
        history.toFixed(1),
        (bytes / 1e6).toFixed(2),
        ((user + system) / WRITES).toFixed(2),
        checked.toLocaleString('en'),
        Math.ceil(WRITES / LOST_EVERY).toLocaleString('en'),
        violations.toLocaleString('en'),
      ],
    ],
  );
}

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}
