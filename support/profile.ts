import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { durationHelp } from './input/duration.ts';
import { parseJson } from './input/json.ts';
import { allowed } from './input/misspelling.ts';
import { checkAnswers } from './profile/answers.ts';
import { checkDrills } from './profile/drills.ts';
import { lastsAsLoads, type OpenFields } from './profile/executors/executor.ts';
import { courseOf } from './profile/executors.ts';
import { most, ms, vusHelp } from './profile/fields.ts';
import { phaseSpecs } from './profile/phases.ts';
import {
  kindOf,
  type PhaseSpec,
  type ProfileSpec,
  profile,
  type ScenarioKind,
  type ScenarioSpec,
  scenarioName,
} from './profile/schema.ts';
import { checkSelectors } from './profile/selectors.ts';
import { sentence, show } from './profile/sentence.ts';

/** A profile as its file says it, with where that is. */
export interface ProfileFile {
  name: string;
  /** For error sentences, relative to the project. */
  path: string;
  spec: ProfileSpec;
  /** The SLO that it is judged by, and its thresholds, which are among those of `spec`. */
  slo?: AppliedSlo;
}

/** Thresholds of a profile that stand in an SLO's file; see `slo.ts`. Plain data: it travels as metadata. */
export interface AppliedSlo {
  /** Relative to the project. */
  path: string;
  /** Selectors, as the file has them. */
  selectors: string[];
}

/**
 * The profiles of a folder by name: every `*.json` but the schema itself, and what macOS and editors hide there.
 * @throws one sentence when there is none
 */
export function profileNames(folder: string, root: string): string[] {
  const all = existsSync(folder) ? readdirSync(folder) : [];
  const files = all.filter((file) => /^[^.].*\.json$/.test(file) && file !== 'profile.schema.json');
  if (files.length === 0)
    throw new Error(`${relative(root, folder)}/ holds no profile; allowed is at least one *.json.`);
  return files.sort().map((file) => basename(file, '.json'));
}

/**
 * @param known the scenarios there are, by kind: the names of the files that define them
 * @throws one sentence naming file, field, what was found and what is allowed
 */
export function readProfile(
  folder: string,
  name: string,
  root: string,
  known: Record<ScenarioKind, string[]>,
): ProfileFile {
  const file = join(folder, `${name}.json`);
  const path = relative(root, file);
  let json: unknown;
  try {
    json = parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}; allowed is JSON as profile.schema.json describes it.`);
  }
  const parsed = profile.safeParse(json, { reportInput: true });
  if (!parsed.success) throw new Error(`${path}: ${sentence(parsed.error.issues[0]!, json)}`);
  const found = { name, path, spec: parsed.data };
  checkPhases(found, known);
  for (const [name, scenarioSpec] of Object.entries(found.spec.scenarios))
    checkScenario(path, name, scenarioSpec, known, phaseSpecs(found.spec) !== undefined);
  checkSelectors(path, found.spec.thresholds, found.spec, known);
  checkAnswers(path, found.spec, known);
  checkDrills(path, found.spec);
  return found;
}

/** Phases have a name each, and there is load in one of them. */
function checkPhases({ path, spec }: ProfileFile, known: Record<ScenarioKind, string[]>): void {
  const { phases } = spec;
  if (!phases) return;
  if (spec.calm !== undefined) {
    throw new Error(
      `${path}: calm does not go with phases; allowed is a phase { "name": "calm", "duration": "${spec.calm}", "load": 0 }.`,
    );
  }
  phases.forEach((phase, index) => {
    const { name, load } = phase;
    const field = `${path}: phases[${index}]`;
    if (phases.findIndex((one) => one.name === name) < index)
      throw new Error(`${field}.name is "${name}", which is the name of another; allowed is a name for each.`);
    if (name === 'calm' && load !== 0)
      throw new Error(`${field}.load is ${show(load)}; allowed is 0 in a phase of the name calm, or another name.`);
    if (Array.isArray(load) && load[0] === 0 && load[1] === 0)
      throw new Error(`${field}.load is [0, 0]; allowed is 0 for a phase without load.`);
    checkDays(field, phase);
  });
  const hasLoads = Object.entries(spec.scenarios).some(([name, one]) => kindOf(name, one, known) === 'load');
  if (hasLoads && phases.every(isWithoutLoad))
    throw new Error(`${path}: phases have a load of 0 in all; allowed is at least one with a load above 0.`);
}

function isWithoutLoad({ load }: PhaseSpec): boolean {
  if (typeof load === 'number') return load === 0;
  if (Array.isArray(load)) return load.every((factor) => factor === 0);
  return load.times === 0 || (load.hours?.every((factor) => factor === 0) ?? false);
}

/** A day that is a slip of the pen would have more hours in its phase than there is memory for. */
function checkDays(field: string, { duration, load }: PhaseSpec): void {
  if (typeof load === 'number' || Array.isArray(load) || load.day === undefined) return;
  const leastMs = (ms(duration, 0) * 24) / most.hours;
  if (ms(load.day, 0) < leastMs) {
    throw new Error(
      `${field}.load.day is ${load.day} in a phase of ${duration}; allowed is at least ${Math.ceil(leastMs)}ms: ${most.hours.toLocaleString('en')} hours in a phase.`,
    );
  }
}

/** What a schema cannot say: which files exist, and what only a load or only a journey needs. */
function checkScenario(
  path: string,
  name: string,
  spec: ScenarioSpec,
  known: Record<ScenarioKind, string[]>,
  hasPhases: boolean,
): void {
  if (spec.exec !== undefined && !scenarioName.test(name)) {
    throw new Error(`${path}: scenarios has "${name}"; allowed is a name of letters, digits, _, - and dots.`);
  }
  const field = `scenarios.${name}`;
  const kind = kindOf(name, spec, known);
  if (!kind) {
    const all = [...known.load, ...known.journey].sort();
    if (spec.exec !== undefined)
      throw new Error(`${path}: ${field}.exec is "${spec.exec}"; ${allowed(spec.exec, all)}.`);
    throw new Error(`${path}: ${field} names no scenario; ${allowed(name, all)}.`);
  }
  if (kind === 'journey' && spec.mix) {
    throw new Error(`${path}: ${field}.mix does not belong to a journey; allowed is a mix of a load's operations.`);
  }
  const course = courseOf(spec);
  if (course.isOpen) checkArrivals(`${path}: ${field}`, spec as OpenFields, kind);
  if (spec.scaled !== undefined && (kind === 'load' || !hasPhases)) {
    const why = kind === 'load' ? 'a load: phases always multiply it' : 'a profile without phases';
    throw new Error(`${path}: ${field}.scaled does not belong to ${why}; allowed is scaled of a journey with phases.`);
  }
  if (kind === 'load' && !hasPhases && lastsAsLoads(course)) {
    throw new Error(`${path}: ${field}.${course.fields.length} is missing; allowed is ${durationHelp}.`);
  }
}

function checkArrivals(field: string, spec: OpenFields, kind: ScenarioKind): void {
  const [needed, other] =
    kind === 'journey' ? (['maxSessions', 'maxVUs'] as const) : (['maxVUs', 'maxSessions'] as const);
  const { [needed]: greatest, preAllocatedVUs, arrivals = 'uniform', burstSize } = spec;
  if (spec[other] !== undefined) {
    throw new Error(`${field}.${other} does not belong to a ${kind}; allowed is ${needed}.`);
  }
  if (greatest === undefined && preAllocatedVUs === undefined) {
    throw new Error(`${field}.${needed} is missing; allowed is ${vusHelp}.`);
  }
  if (greatest !== undefined && (preAllocatedVUs ?? 0) > greatest) {
    throw new Error(
      `${field}.preAllocatedVUs is ${preAllocatedVUs}; allowed is at most ${needed}, which is ${greatest}.`,
    );
  }
  if (arrivals === 'bursts' && burstSize === undefined) {
    throw new Error(`${field}.burstSize is missing; allowed is ${vusHelp}.`);
  }
  if (arrivals !== 'bursts' && burstSize !== undefined) {
    throw new Error(
      `${field}.burstSize does not belong to ${arrivals} arrivals; allowed is "arrivals": "bursts" with it.`,
    );
  }
}

/** The operations of a `mix` must be the load's. */
export function checkMix(path: string, scenarioName: string, mix: Record<string, number>, operations: string[]): void {
  for (const name of Object.keys(mix)) {
    if (!operations.includes(name)) {
      throw new Error(`${path}: scenarios.${scenarioName}.mix has operation "${name}"; ${allowed(name, operations)}.`);
    }
  }
}
