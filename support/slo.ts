import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { parseJson, placeIn } from './input/json.ts';
import { allowed, misspelt } from './input/misspelling.ts';
import { parseSelector } from './judge/expression.ts';
import { description, type ScenarioKind, thresholds } from './profile/schema.ts';
import { checkSelectors } from './profile/selectors.ts';
import { sentence } from './profile/sentence.ts';
import type { ProfileFile } from './profile.ts';

/** A target's service level objectives: what must hold there, whichever profile asks for it. */
const slo = z.strictObject({ $schema: z.string('a text').optional(), description, thresholds });

/** Targets that teams call alike. One that is nearly called so is misspelt. */
const usualTargets = ['local', 'development', 'staging', 'production'];

/** JSON Schema for editors: `profiles/slo/slo.schema.json` holds exactly this. */
export function sloSchema(): object {
  return { title: 'Tandem SLO', ...z.toJSONSchema(slo) };
}

/**
 * A profile as it is judged where it runs: with `"slo": true` the thresholds of `profiles/slo/<target>.json` take the place of its
 * own on the same metric and tags, and stand beside the others. A target without a name has no SLO.
 * @param target as `TARGET` names it; empty: it has no name
 * @param root the project's folder
 * @throws one sentence when that file is not there, or not right
 */
export function withSlo(
  file: ProfileFile,
  target: string,
  root: string,
  known: Record<ScenarioKind, string[]>,
): ProfileFile {
  const { spec } = file;
  if (!spec.slo) return file;
  const folder = join(root, 'profiles', 'slo');
  const targets = targetsIn(folder, root);
  if (target === '') return file;
  if (!targets.includes(target)) {
    const choice =
      targets.length > 0 ? allowed(target, targets) : `there is none: ${relative(root, folder)}/<target>.json`;
    throw new Error(
      `${placeIn(root, file.path, ['slo'])}: slo is true, but TARGET is "${target}", which has no SLO; ${choice}.`,
    );
  }
  const path = relative(root, join(folder, `${target}.json`));
  const own = read(root, path);
  for (const [selector, all] of Object.entries(own)) {
    checkSelectors(placeIn(root, path, ['thresholds', selector]), { [selector]: all }, spec, known);
  }
  const replaced = new Set(Object.keys(own).map(keyOf));
  const others = Object.entries(spec.thresholds).filter(([selector]) => !replaced.has(keyOf(selector)));
  return {
    ...file,
    spec: { ...spec, thresholds: { ...Object.fromEntries(others), ...own } },
    slo: { path, selectors: Object.keys(own) },
  };
}

/** Targets that have an SLO. @throws one sentence for a name that was meant to be another one */
function targetsIn(folder: string, root: string): string[] {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const names = files.filter((file) => /^[^.].*\.json$/.test(file) && file !== 'slo.schema.json');
  const targets = names.map((file) => basename(file, '.json')).sort();
  for (const target of targets) {
    const meant = misspelt(target, usualTargets);
    if (meant === undefined || existsSync(join(root, `.env.${target}`))) continue;
    const path = relative(root, join(folder, `${target}.json`));
    throw new Error(
      `${path}:1: there is no target "${target}"; did you mean "${meant}"? allowed: ${usualTargets.join(', ')}, or one with a file .env.${target}.`,
    );
  }
  return targets;
}

function read(root: string, path: string): ProfileFile['spec']['thresholds'] {
  let json: unknown;
  try {
    json = parseJson(readFileSync(join(root, path), 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}; allowed is JSON as slo.schema.json describes it.`);
  }
  const parsed = slo.safeParse(json, { reportInput: true });
  if (parsed.success) return parsed.data.thresholds;
  const issue = parsed.error.issues[0]!;
  const [key] = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const place = key === undefined ? issue.path : [...issue.path, key];
  const fields = () => Object.keys(slo.shape);
  throw new Error(`${placeIn(root, path, place)}: ${sentence(issue, json, fields)}`);
}

/** The same for selectors that mean the same. */
function keyOf(selector: string): string {
  const { metric, tags } = parseSelector(selector)!;
  return JSON.stringify([metric, Object.entries(tags).sort()]);
}
