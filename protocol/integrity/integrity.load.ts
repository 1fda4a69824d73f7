import { load } from '../../support/test.ts';
import { databaseSettings } from '../apis/database/settings.ts';
import { Inspector, integrityMetrics } from './inspector.ts';
import { integrityOptions } from './options.ts';
import { openParts } from './parts.ts';
import { RestoredDatabase } from './restored-database.ts';

/** How long the last look and a backup may take. */
const SETTLE_MS = 300_000;

/** An auditor: asks everybody about the same things, while others load the target and drills break it. None of that is load. */
load('integrity', {
  metrics: integrityMetrics,
  options: integrityOptions,
  oracles: ['integrity'],
  timeLimitsMs: { settle: SETTLE_MS },
  async preflight(slice, tell) {
    const { databaseUrl } = databaseSettings(slice.target);
    if (databaseUrl !== undefined) {
      for (const name of await RestoredDatabase.dropLeftovers(databaseUrl))
        tell(`Database ${name} was left behind by a run that was killed: dropped.`);
    }
    const { all } = await openParts(slice, 0, tell);
    for (const part of all) await part.close();
  },
  setup: (slice) => ({ slice, inspectors: [] as Inspector[] }),
  async teardown({ inspectors }) {
    await Promise.all(inspectors.map((inspector) => inspector.close()));
  },
  async vu(vu, { slice, inspectors }) {
    const inspector = await Inspector.open(vu, slice);
    inspectors.push(inspector);
    return inspector;
  },
  operations: { inspect: { weight: 1, run: (inspector) => inspector.inspect() } },
  settle: (inspector) => inspector.settle(),
  evidence: (inspector) => inspector.evidence(),
});
