import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { type Family, listedFamilies, settingsOf } from './family.ts';
import { checkSettings } from './input/environment.ts';
import {
  type Addresses,
  type FigureName,
  figureNames,
  httpUrl,
  type Setting,
  shownText,
  wsUrl,
} from './input/setting.ts';
import { directWire, userOf, type Wire, wireFields, wireOf, wireValues } from './wire/wire.ts';

/** The system under load: where its parts answer. URLs without a trailing slash, and with user and password if they have them. */
export interface Target extends Addresses {
  name: string;
  /** What pages are relative to where it is not `baseUrl`: that was given with a slash behind its path, and they lie below it. */
  pageBase?: string;
  /** True when it is the one Tandem brings up itself. */
  embedded: boolean;
  /** Secret. Never in a report, log, trace or attachment. */
  token?: string;
  /** What the families of the project have settings for, by variable; a family reads its own with its {@link Settings}. */
  settings: Readonly<Record<string, unknown>>;
  /** Names of its figures at `/metrics`, by metric, where they are none of the usual ones. */
  figures: Readonly<Record<string, FigureName>>;
  /** The addresses that loads talk to, those of the families included, each with the variable to correct when it is wrong. */
  addresses: readonly Address[];
  /** Addresses of the families' own that speak neither HTTP nor WebSocket. */
  endpoints: readonly Endpoint[];
  /** Names of the variables that were given, of those that say where it is or how it is spoken to: `API_URL`, `WS_URL` … */
  configured: readonly string[];
  /** How all of them are reached. */
  wire: Wire;
  /** The user's own: `SECRET_ADMIN_PASSWORD` of the environment or the file is `secrets.ADMIN_PASSWORD`. As secret as the token. */
  secrets: Readonly<Record<string, string>>;
}

/** An address of the target, and the variable that says it. */
export interface Address {
  variable: string;
  url: string;
}

/** An address that is asked in its own way whether somebody is there. */
export interface Endpoint {
  variable: string;
  /** As it may be shown. */
  address: string;
  /** See {@link Setting.endpoint}. */
  reach(timeoutMs: number): Promise<void>;
}

/** Needs no file: without one it is the embedded target, under a name. */
const localTarget = 'local';
/** What it is called where nobody gave it a name. */
const embeddedTarget = 'embedded';

/** What every target has; each is derived from those before it. */
const coreSettings = [
  httpUrl('BASE_URL', ({ baseUrl }) => baseUrl),
  httpUrl('API_URL', ({ apiUrl }) => apiUrl),
  wsUrl('WS_URL', ({ wsUrl }) => wsUrl),
];
/** What its figures are called at `/metrics`. */
const figures = figureNames('TARGET_METRICS');

/** The variables that say where a target is and how it is reached, in its file or in the environment. */
export function settingNames(families: readonly Family[]): string[] {
  const own = [...coreSettings, figures, ...settingsOf(families)].map(({ variable }) => variable);
  return [...own, 'API_TOKEN', 'DATABASE_URL', ...wireFields, 'http_proxy', 'https_proxy', 'no_proxy'];
}

/** The settings in force: `.env.<TARGET>`, else `.env`, and over them the environment. */
export interface TargetSettings {
  name: string;
  /** What the settings come from, for error sentences. */
  source: string;
  values: Record<string, string>;
  /** Absent: nothing in between. */
  wire?: Wire;
  /** Every variable of the environment and of the file, known or not: what is secret is found among them. */
  given?: [name: string, value: string][];
  /** Those of the families; absent: none. */
  declared?: readonly Setting[];
  /** Where the API is, when that was said by a setting that leads there; see {@link Setting.leadsTo}. */
  led?: Address;
}

/**
 * @param folder where the `.env` files are
 * @param families of the project; without them nobody can tell what in the file only looks like a setting
 * @throws one sentence when `TARGET` names no file, the file has what looks like a setting and is none, or a value is not allowed
 */
export function targetSettings(
  env: NodeJS.ProcessEnv,
  folder: string,
  families: readonly Family[] | undefined = listedFamilies(),
): TargetSettings {
  const name = env.TARGET || '';
  const file = name ? `.env.${name}` : '.env';
  const path = join(folder, file);
  if (name && name !== localTarget && !existsSync(path)) {
    const there = readdirSync(folder).filter((one) => one.startsWith('.env.') && one !== '.env.example');
    const named = there.map((one) => one.slice('.env.'.length));
    const names = [...new Set([localTarget, ...named])].join(', ');
    throw new Error(`TARGET is "${name}", but there is no file ${file}; allowed: ${names}.`);
  }
  const text = existsSync(path) ? textOf(path, file) : '';
  const fromFile = parse(text);
  if (families) {
    checkSettings(file, text, Object.keys(fromFile), settingNames(families), env);
    checkQuotes(file, text, fromFile, settingNames(families));
  }
  const given = [...Object.entries(fromFile), ...Object.entries(env)].flatMap(([key, value]): [string, string][] =>
    value ? [[key, value]] : [],
  );
  const values: Record<string, string> = wireValues(env, fromFile, file);
  const declared = settingsOf(families ?? []);
  const all = [...coreSettings, figures, ...declared];
  for (const key of [...all.map(({ variable }) => variable), 'API_TOKEN', 'DATABASE_URL']) {
    // A secret that a cluster holds as a file ends with a line break.
    const value = env[key]?.trim() || fromFile[key]?.trim();
    if (value) values[key] = value;
  }
  const sourceOf = (variable: string) => (env[variable]?.trim() ? 'the environment' : file);
  const own = Object.entries(fromFile).filter(([key]) => key.startsWith(ownPrefix) && !env[key]);
  for (const [key, value] of [...Object.entries(values), ...own]) {
    if (sourceOf(key) !== file || !isLiteral(key, text)) checkReplaced(key, value, sourceOf(key), file);
  }
  for (const setting of all) check(setting, values[setting.variable], sourceOf(setting.variable));
  checkToken(values.API_TOKEN, sourceOf('API_TOKEN'));
  const led = values.BASE_URL || values.API_URL ? undefined : whereLed(declared, values);
  if (led) values.API_URL = led.url;
  checkAuthorization(values, declared);
  const isOwn = values.BASE_URL || values.API_URL;
  const wire = isOwn ? wireOf(values, env, folder) : undefined;
  return { name: name || (isOwn ? 'default' : embeddedTarget), source: file, values, given, declared, wire, led };
}

/**
 * For what loads it: whoever merges shards, or judges a run again, needs no address.
 * @throws one sentence when a `TARGET` says of nothing where it is
 */
export function checkSomewhere({ name, source, values, declared = [] }: TargetSettings): void {
  const all = [...coreSettings, figures, ...declared];
  if (all.some(({ variable, url, endpoint }) => (url || endpoint) && values[variable])) return;
  if (name === localTarget || name === embeddedTarget) return;
  throw new Error(
    `TARGET is "${name}", but neither ${source} nor the environment has BASE_URL or API_URL, and the embedded target would be loaded in its place; allowed is one of them, or TARGET=${localTarget} for the embedded target.`,
  );
}

/** The first address that a setting's value leads to. */
function whereLed(declared: readonly Setting[], values: Record<string, string>): Address | undefined {
  for (const { variable, leadsTo } of declared) {
    const url = values[variable] && leadsTo?.(values[variable]);
    if (url) return { variable, url };
  }
  return undefined;
}

function check({ variable, allowed, parse, secret }: Setting, value: string | undefined, source: string): void {
  if (value === undefined || parse(value) !== undefined) return;
  const found = secret ? 'not as it has to be' : `"${shownText(value)}"`;
  throw new Error(`${variable} in ${source} is ${found}; allowed is ${allowed}.`);
}

/**
 * Other programs put another variable's value there, in a file; a CI leaves it as it stands where there is none. It would be sent, and
 * the target blamed for what it thinks of that.
 * @throws one sentence
 */
function checkReplaced(name: string, value: string, source: string, file: string): void {
  const isOwn = name.startsWith(ownPrefix);
  const [found] = /^\$[A-Z_][A-Z\d_]*$/.exec(value) ?? (isOwn ? /^\$\{\w+\}$/ : /\$\{\w+\}/).exec(value) ?? [];
  if (found === undefined) return;
  throw new Error(
    `${name} in ${source} has ${found}, which nothing replaces; allowed is the value itself, in single quotes in ${file} if it looks like that.`,
  );
}

/** In single quotes nothing is ever replaced, as in a shell. */
function isLiteral(name: string, text: string): boolean {
  return new RegExp(`^\\s*(export\\s+)?${name}\\s*[=:]\\s*'`, 'm').test(text);
}

/** A quote that nothing ends would be a part of the value. @throws one sentence, without the value: it may be a secret */
function checkQuotes(file: string, text: string, values: Record<string, string>, settings: readonly string[]): void {
  const lines = text.split(/\r\n|\r|\n/);
  for (const [name, value] of Object.entries(values)) {
    const [quote] = /^["'`]/.exec(value) ?? [];
    if (quote === undefined || !(settings.includes(name) || name.startsWith(ownPrefix))) continue;
    const begins = new RegExp(`^\\s*(export\\s+)?${name}\\s*[=:]\\s*${quote}`);
    const isOpen = (line: string) => begins.test(line) && line.split(quote).length === 2;
    if (lines.some(isOpen))
      throw new Error(
        `${file} has a ${quote} in ${name} that nothing ends; allowed are quotes on both sides, or none.`,
      );
  }
}

/** @throws one sentence, without what was found, when it would be sent as another one, or not at all */
function checkToken(token: string | undefined, source: string): void {
  if (token === undefined || /^[\x21-\x7e\x80-\xff]+$/.test(token)) return;
  throw new Error(
    `API_TOKEN in ${source} is not as it has to be; allowed is the token alone, without blanks and without the "Bearer" that goes before it.`,
  );
}

/** A request has room for one. */
function checkAuthorization(values: Record<string, string>, declared: readonly Setting[]): void {
  const ofFamilies = declared.flatMap(({ variable, url }) => (url === 'http' ? [variable] : []));
  const field = [apiVariable(values), ...ofFamilies].find((one) => values[one] && userOf(values[one]));
  if (!field || !values.API_TOKEN) return;
  throw new Error(
    `API_TOKEN is set, and ${field} has a user and password, but a request has one Authorization header; allowed is one of the two.`,
  );
}

function textOf(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(
      `${file} cannot be read: ${(error as Error).message}; allowed is a file of lines such as API_URL=….`,
    );
  }
}

/** True when nothing says where a system is: then the embedded one is started. */
export function isEmbedded({ values }: TargetSettings): boolean {
  return !values.BASE_URL && !values.API_URL;
}

/** By this environment variable all processes of a run know the embedded target's port. */
export const portVariable = 'TARGET_PORT';
/** By this one they know the addresses of its own that cannot be derived from its port: lines such as `SHOP_ADDR=127.0.0.1:50051`. */
export const addressesVariable = 'TARGET_ADDRESSES';

/** @throws when the embedded target's port is not known: it was not started */
export function resolveTarget(settings: TargetSettings, env: NodeJS.ProcessEnv): Target {
  const { values, name, wire = directWire, declared = [] } = settings;
  const embedded = isEmbedded(settings);
  if (embedded && !env[portVariable])
    throw new Error('The embedded target was not started: run through playwright.config.ts.');
  const given = values.BASE_URL ?? values.API_URL ?? `http://127.0.0.1:${env[portVariable]}`;
  const baseUrl = trim(given);
  const apiUrl = trim(values.API_URL ?? baseUrl);
  const wsUrl = trim(values.WS_URL ?? apiUrl.replace(/^http/i, 'ws'));
  const told = embedded ? parse(env[addressesVariable] ?? '') : {};
  const ofFamilies = declared.map((setting) => {
    const value = values[setting.variable] ?? told[setting.variable];
    return {
      setting,
      value: value === undefined ? setting.byDefault({ baseUrl, apiUrl, wsUrl }) : setting.parse(value),
    };
  });
  const ownValues = Object.fromEntries(ofFamilies.map(({ setting, value }) => [setting.variable, value]));
  return {
    name,
    embedded,
    baseUrl,
    ...(given.endsWith('/') && new URL(baseUrl).pathname !== '/' && { pageBase: `${baseUrl}/` }),
    apiUrl,
    wsUrl,
    token: values.API_TOKEN,
    settings: ownValues,
    figures: (values.TARGET_METRICS === undefined ? undefined : figures.parse(values.TARGET_METRICS)) ?? {},
    addresses: [
      { variable: settings.led?.variable ?? apiVariable(values), url: apiUrl },
      { variable: 'WS_URL', url: wsUrl },
      ...ofFamilies.flatMap(({ setting: { variable, url }, value }) =>
        url ? [{ variable, url: value as string }] : [],
      ),
    ],
    endpoints: ofFamilies.flatMap(({ setting: { variable, endpoint }, value }) => {
      if (!endpoint || value === undefined) return [];
      const reach = (timeoutMs: number) => endpoint.reach(value, { settings: ownValues, wire }, timeoutMs);
      return [{ variable, address: endpoint.shown(value), reach }];
    }),
    configured: [...coreSettings, ...declared].map(({ variable }) => variable).filter((variable) => values[variable]),
    wire,
    secrets: Object.fromEntries(
      (settings.given ?? []).flatMap(([key, value]) =>
        key.startsWith(ownPrefix) ? [[key.slice(ownPrefix.length), value.replace(/\r?\n$/, '')]] : [],
      ),
    ),
  };
}

/** The variable that says where the API is. */
function apiVariable(values: Record<string, string>): string {
  return values.API_URL ? 'API_URL' : 'BASE_URL';
}

/** Of the variables that hold the user's own secrets. */
const ownPrefix = 'SECRET_';

function trim(url: string): string {
  return url.trim().replace(/\/+$/, '');
}

/** The origin without user, password or query: what may be shown. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}
