/** The variables that Tandem reads, each with what it does, and what is no variable and looks like one. */
import { allowed, isRespelt, misspelt } from './misspelling.ts';

/** Of the environment alone. Those of a target (`BASE_URL` …) may also stand in its file: see target.ts. */
export const variables = {
  LOAD_DURATION: 'the whole timeline, all phases, rescaled to this length',
  LOAD_SCALE: 'rates and VUs multiplied',
  LOAD_RATE: 'how often the only load of a profile comes, where it comes at a constant rate',
  LOAD_PROFILE: 'a profile of another folder, by its file',
  LOAD_SLICES: 'worker processes a scenario is spread over; the load stays the same',
  LOAD_SEED: 'other random numbers; the same seed gives the same load',
  LOAD_RUN_ID: 'names the run; default: the CI’s run id, else made up',
  LOAD_DASHBOARD: 'a local page that follows the run: 1, or its port',
  LOAD_POINTS: 'with 1, every interval of every series is written to points.ndjson',
  LOAD_SUMMARY: 'full prints all tables at the end of a run; default: short, which fits a screen',
  LOAD_TAGS: 'tags of the whole run, in all of its results: build=1234,env=staging',
  LOAD_START_AT: 'the instant at which all shards start',
  DRILLS: 'with allow, a profile’s drills are carried out against a target that is not on this machine',
  LOAD_RENDEZVOUS: 'URL of the rendezvous at which shards meet before they start',
  TARGET: 'reads .env.<TARGET> in place of .env',
  TARGET_FAULTS: 'what the embedded target does wrong',
  TARGET_FAULTS_SEED: 'random numbers of these faults',
  TARGET_PROCESSES: 'processes of the embedded target',
  TARGET_TIME_SCALE: 'how long what takes its time takes in the embedded target',
} as const;

const names = Object.keys(variables);
const isOfLoad = (name: string) => name.startsWith('LOAD_');
const ofLoad = names.filter(isOfLoad);
/** What Kubernetes sets in every pod for a service that is called `load-…`: not by a person's hand. */
const ofKubernetes = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$/;

/** `TARGET_FAULTS` and its like that are set; they reach none but the embedded target. */
export function embeddedVariables(env: NodeJS.ProcessEnv): string[] {
  return names.filter((name) => name.startsWith('TARGET_') && env[name]);
}

/**
 * What would be ignored in silence, though somebody set it to shape the run. Every `LOAD_…` is ours; what only looks like
 * another variable of ours is refused where nobody else would use that name.
 * @param settings names of the variables that say where a target is
 * @throws one sentence
 */
export function checkEnvironment(env: NodeJS.ProcessEnv, settings: readonly string[]): void {
  const { LOAD_POINTS } = env;
  if (LOAD_POINTS && !/^[01]$/.test(LOAD_POINTS))
    throw new Error(`LOAD_POINTS is "${LOAD_POINTS}"; allowed is 1 or 0.`);
  const { LOAD_SUMMARY } = env;
  if (LOAD_SUMMARY && LOAD_SUMMARY !== 'short' && LOAD_SUMMARY !== 'full')
    throw new Error(`LOAD_SUMMARY is "${LOAD_SUMMARY}"; allowed is short or full.`);
  const set = Object.keys(env).filter((name) => env[name]);
  for (const name of set) {
    if (names.includes(name) || settings.includes(name)) continue;
    const meant = misspelt(name, names) ?? settings.find((setting) => isRespelt(name, setting));
    if (meant && !set.includes(meant)) {
      throw new Error(
        `${name} in the environment is not known; did you mean ${meant}? If it is another program's, unset it here.`,
      );
    }
    if (isOfLoad(name) && !ofKubernetes.test(name)) {
      throw new Error(
        `${name} in the environment is not known; ${allowed(name, [...ofLoad, ...settings.filter(isOfLoad)])}; if it is another program's, unset it here.`,
      );
    }
  }
}

/**
 * A file of settings is shared with other programs, whose variables are none of our business; but for those that look like ours.
 * @param file its name, for the sentence
 * @param keys the variables that it sets
 * @param settings the variables that are read from it
 * @throws one sentence
 */
export function checkSettings(
  file: string,
  text: string,
  keys: string[],
  settings: readonly string[],
  env: NodeJS.ProcessEnv,
): void {
  if (text.includes('\0'))
    throw new Error(`${file} is not text in UTF-8 (UTF-16, it seems); allowed is UTF-8: nothing else can be read.`);
  for (const key of keys) {
    if (settings.includes(key)) continue;
    if (names.includes(key) || (/^load/i.test(key) && misspelt(key, ofLoad))) {
      throw new Error(`${file} has ${key}, which is read from the environment alone; allowed: ${settings.join(', ')}.`);
    }
    const meant = key.startsWith('SECRET_') ? undefined : misspelt(key, settings);
    if (meant !== undefined && !keys.includes(meant) && !env[meant]) {
      throw new Error(
        `${file} has ${key}, which is not known; did you mean ${meant}? If it is another program's, add an empty line "${meant}=" beside it.`,
      );
    }
  }
  // Such as `set BASE_URL=…` or `"BASE_URL": …`: the line sets nothing, and another target would be loaded.
  // What stands in quotes, perhaps over several lines, is a value.
  const bare = text.replace(/([=:]\s*)(['"`])(?:\\.|(?!\2)[^\\])*\2/gs, '$1');
  for (const line of bare.split(/\r\n|\r|\n/)) {
    const [found = '', name = ''] = /^(?!\s*#)[^#=:]*?(?<![\w.-])["']?([\w-]+)["']?\s*[=:]/.exec(line) ?? [];
    if (settings.includes(name) && !keys.includes(name))
      throw new Error(`${file} has "${found.trim()}"; allowed is ${name}=<value>.`);
  }
  for (const name of new Set([...settings, ...keys.filter((key) => key.startsWith('SECRET_'))])) {
    const lines = text.split('\n').filter((line) => new RegExp(`^\\s*(export\\s+)?${name}(?![\\w.-])`).test(line));
    const empty = lines.find((line) => !/^\s*(export\s+)?\w+\s*(=|:\s)/.test(line));
    if (empty !== undefined) throw new Error(`${file} has ${name} without a value; allowed is ${name}=<value>.`);
    // It would end the value without a word: half a token, half a password.
    if (lines.some((line) => /^\s*(export\s+)?\w+\s*(=|:\s)\s*[^\s'"`#][^#]*(?<=\S)#/.test(line)))
      throw new Error(`${file} has a # in ${name}, which begins a comment there; allowed is quotes around the value.`);
    if (lines.length > 1) throw new Error(`${file} has ${name} ${lines.length} times; allowed is once.`);
  }
}
