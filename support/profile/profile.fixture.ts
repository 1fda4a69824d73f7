/** Profiles of tests, and what is said of them. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { readProfile } from '../profile.ts';

export const known = { load: ['sync-relay', 'vm-crud'], journey: ['light', 'power'] };
export const duration = 'a duration such as 500ms, 30s, 1m30s or 2h, at most 14d';
export const executors =
  'constant-arrival-rate, ramping-arrival-rate, constant-vus, ramping-vus, per-vu-iterations, shared-iterations';

export const arrivals = { executor: 'constant-arrival-rate', rate: 10, duration: '1m', maxVUs: 5 };
export const sessions = { executor: 'constant-arrival-rate', rate: 10, timeUnit: '1m', maxSessions: 4 };
export const ramp = { executor: 'ramping-vus', stages: [{ duration: '1m', target: 3 }] };

/** A good profile, changed. `undefined` takes a field away. */
export function profile(changes: object = {}): object {
  return {
    description: 'Of a test',
    scenarios: { 'sync-relay': arrivals, light: sessions },
    thresholds: {},
    ...changes,
  };
}

export function withLoad(changes: object): object {
  return profile({ scenarios: { 'sync-relay': { ...arrivals, ...changes } } });
}

export function withJourney(changes: object): object {
  return profile({ scenarios: { light: { ...sessions, ...changes } } });
}

export function withRamp(...stages: unknown[]): object {
  return profile({ scenarios: { 'sync-relay': { ...ramp, stages } } });
}

export function withThreshold(selector: string, ...thresholds: unknown[]): object {
  return profile({ calm: '10s', thresholds: { [selector]: thresholds } });
}

export function read(t: TestContext, content: unknown) {
  const root = folderOf(t, { 'profiles/mine.json': content });
  return readProfile(join(root, 'profiles'), 'mine', root, known);
}

/** What is said of `profiles/mine.json`. */
export function complaint(t: TestContext, content: unknown): string {
  try {
    read(t, content);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}
