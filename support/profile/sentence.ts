/** What is wrong with a file of JSON, in a sentence. */
import type { z } from 'zod';
import { allowed } from '../input/misspelling.ts';
import { rate, stage } from './fields.ts';
import {
  availability,
  capacity,
  detailedThreshold,
  drift,
  drill,
  health,
  loadHelp,
  phase,
  profile,
  recovery,
  type ScenarioSpec,
  scenario,
} from './schema.ts';

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a value of JSON: field, what was found, what is allowed.
 * @param fields those that the object at a place may have
 */
export function sentence(issue: Issue, json: unknown, fields = fieldsAt): string {
  const field = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );
  const found = issue.path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)?.[part], json);
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    return `${field ? `${field} has` : 'there is'} an unknown field "${key}"; ${allowed(key, fields(issue.path, found))}.`;
  }
  const is = `${field || 'the file'} is ${show(found)}`;
  if (issue.code === 'invalid_union' && issue.path[0] === 'phases') {
    // Of what an object says wrong, or else of all.
    const inner = found instanceof Object && !Array.isArray(found) ? issue.errors[2]?.[0] : undefined;
    if (inner) return sentence({ ...inner, path: [...issue.path, ...inner.path] } as Issue, json);
    return `${is}; allowed is ${loadHelp}.`;
  }
  if (issue.code === 'invalid_union' && issue.path[0] === 'drills') {
    // Of what an object or a list says wrong; of another thing what may be there at all.
    const inner = found instanceof Object ? issue.errors[1]?.[0] : undefined;
    if (inner && inner.path.length + Number(inner.code === 'unrecognized_keys') > 0)
      return sentence({ ...inner, path: [...issue.path, ...inner.path] } as Issue, json, fields);
    return `${is}; allowed is ${issue.message}.`;
  }
  if (issue.code === 'invalid_union') {
    // Of the two spellings of a threshold, the one that was meant.
    const inner = found instanceof Object ? issue.errors[1]?.[0] : issue.errors[0]?.[0];
    if (inner) return sentence({ ...inner, path: [...issue.path, ...inner.path] } as Issue, json, fields);
    return `${is}; ${allowed(String(found), executors())}.`;
  }
  return `${is}; allowed is ${issue.code === 'invalid_type' ? (shapes[issue.expected] ?? issue.message) : expected(issue)}.`;
}

const shapes: Record<string, string> = {
  object: 'an object, { … }',
  record: 'an object, { … }',
  array: 'a list, [ … ]',
};

function expected(issue: Issue): string {
  if (issue.code !== 'invalid_value') return issue.message;
  return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
}

function executors(): string[] {
  return scenario.options.map((option) => option.shape.executor.value);
}

/** The fields that the object at this place of a profile may have. */
function fieldsAt(path: PropertyKey[], found: unknown): string[] {
  const [part] = path;
  if (part === 'health') return Object.keys(health.shape);
  if (part === 'thresholds') return Object.keys(detailedThreshold.shape);
  if (part === 'availability') return Object.keys(availability.shape);
  if (part === 'recovery') return Object.keys(recovery.shape);
  if (part === 'capacity') return Object.keys(capacity.shape);
  if (part === 'drift') return Object.keys(drift.shape);
  if (part === 'drills') return drillFields(path);
  if (part === 'phases') return path.length > 2 ? ['curve', 'hours', 'times', 'day'] : Object.keys(phase.shape);
  if (part !== 'scenarios') return Object.keys(profile.shape);
  if (path.length > 2) return Object.keys(stage(rate).shape);
  const { executor } = found as ScenarioSpec;
  return Object.keys(scenario.options.find((option) => option.shape.executor.value === executor)!.shape);
}

function drillFields([, , field]: PropertyKey[]): string[] {
  const { at, repeat, expect } = drill.shape;
  if (field === 'at') return Object.keys(at.options[1].shape);
  if (field === 'repeat') return Object.keys(repeat.unwrap().shape);
  return Object.keys((field === 'expect' ? expect.unwrap() : drill).shape);
}

export function show(value: unknown): string {
  const json = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'missing');
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}
