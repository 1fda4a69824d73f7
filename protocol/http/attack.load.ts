import { load } from '../../support/test.ts';
import { Attack, attackMetrics } from './attack.ts';
import { attackOptions } from './options.ts';
import { preflight } from './preflight.ts';

/** The requests of a file, one an iteration, in turns. */
load('attack', {
  metrics: attackMetrics,
  options: attackOptions,
  preflight,
  setup: (slice) => Attack.open(slice),
  teardown: (attack) => attack.close(),
  vu: (_vu, attack) => attack,
  operations: { hit: { weight: 1, run: (attack, vu) => attack.hit(vu) } },
});
