import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { checkSettings } from './environment.ts';
import { directWire, userOf, type Wire, wireFields, wireOf, wireValues } from './wire.ts';

/** The system under load: where its parts answer. URLs without a trailing slash, and with user and password if they have them. */
export interface Target {
  name: string;
  /** True when it is the one Tandem brings up itself. */
  embedded: boolean;
  /** The page that journeys open. */
  baseUrl: string;
  apiUrl: string;
  syncUrl: string;
  wsUrl: string;
  /** Of a server of Yjs rooms. */
  yjsUrl: string;
  /** What that server speaks; undefined: to be found out. */
  yjsDialect?: 'y-websocket' | 'hocuspocus';
  /** Of the migrations' event stream; `/stream` is appended to it. */
  dwcpWsUrl: string;
  /** What the paths of the VM control plane begin with, such as `/api/v1`; empty for none. */
  vmApiPrefix: string;
  /** How a VM is changed. */
  vmUpdateMethod: 'PATCH' | 'PUT';
  /** Secret. Never in a report, log, trace or attachment. */
  token?: string;
  /** Names of the variables that say where it is, of those that were given: `API_URL`, `YJS_URL` … */
  configured: readonly string[];
  /** How all of them are reached. */
  wire: Wire;
  /** The user's own: `SECRET_ADMIN_PASSWORD` of the environment or the file is `secrets.ADMIN_PASSWORD`. As secret as the token. */
  secrets: Readonly<Record<string, string>>;
}

const urlFields = ['BASE_URL', 'API_URL', 'SYNC_API_URL', 'WS_URL', 'YJS_URL', 'DWCP_WS_URL'] as const;
/** Of these, those that are spoken to over WebSocket. */
const socketFields: readonly string[] = ['WS_URL', 'YJS_URL', 'DWCP_WS_URL'];
/** The others that may be shown, by what is allowed. */
const patternFields = {
  VM_API_PREFIX: { pattern: /^(\/[\w.-]+)*\/?$/, help: 'a path such as /api/v1' },
  VM_UPDATE_METHOD: { pattern: /^(PATCH|PUT)$/, help: 'PATCH or PUT' },
  YJS_DIALECT: { pattern: /^(y-websocket|hocuspocus)$/, help: 'y-websocket or hocuspocus' },
} as const;

const ownFields = [...urlFields, ...Object.keys(patternFields), 'API_TOKEN', 'DATABASE_URL'];

/** The variables that say where a target is and how it is reached, in its file or in the environment. */
export const settingNames: string[] = [...ownFields, ...wireFields, 'http_proxy', 'https_proxy', 'no_proxy'];

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
}

/**
 * @param folder where the `.env` files are
 * @throws one sentence when `TARGET` names no file, the file has what looks like a setting and is none, or a URL is none
 */
export function targetSettings(env: NodeJS.ProcessEnv, folder: string): TargetSettings {
  const name = env.TARGET || '';
  const file = name ? `.env.${name}` : '.env';
  const path = join(folder, file);
  if (name && !existsSync(path)) {
    const there = readdirSync(folder).filter((one) => one.startsWith('.env.') && one !== '.env.example');
    const names = there.map((one) => one.slice('.env.'.length)).join(', ') || 'none: there is no .env.<name> file';
    throw new Error(`TARGET is "${name}", but there is no file ${file}; allowed: ${names}.`);
  }
  const text = existsSync(path) ? textOf(path, file) : '';
  const fromFile = parse(text);
  checkSettings(file, text, Object.keys(fromFile), settingNames, env);
  const given = [...Object.entries(fromFile), ...Object.entries(env)].flatMap(([key, value]): [string, string][] =>
    value ? [[key, value]] : [],
  );
  const values: Record<string, string> = wireValues(env, fromFile, file);
  for (const key of ownFields) {
    const value = env[key] || fromFile[key];
    if (value) values[key] = value;
  }
  for (const key of urlFields) {
    const source = env[key] ? 'the environment' : file;
    if (values[key] && !isUrl(values[key], socketFields.includes(key) ? /^wss?:$/ : /^https?:$/)) {
      const example = socketFields.includes(key) ? 'ws://127.0.0.1:4000' : 'http://127.0.0.1:4000';
      throw new Error(`${key} in ${source} is "${withoutUser(values[key])}"; allowed is a URL such as ${example}.`);
    }
  }
  for (const [key, { pattern, help }] of Object.entries(patternFields)) {
    const source = env[key] ? 'the environment' : file;
    if (values[key] && !pattern.test(values[key])) {
      throw new Error(`${key} in ${source} is "${values[key]}"; allowed is ${help}.`);
    }
  }
  checkAuthorization(values);
  const isOwn = values.BASE_URL || values.API_URL;
  const wire = isOwn ? wireOf(values, env, folder) : undefined;
  return { name: name || (isOwn ? 'default' : 'embedded'), source: file, values, given, wire };
}

/** A request has room for one. */
function checkAuthorization(values: Record<string, string>): void {
  const api = values.API_URL ? 'API_URL' : 'BASE_URL';
  const field = [api, 'SYNC_API_URL'].find((one) => values[one] && userOf(values[one]));
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

/** The environment variable by which Playwright tells the embedded target's port (see the config's `webServer`). */
export const portVariable = 'TARGET_PORT';

/** @throws when the embedded target's port is not known: it was not started */
export function resolveTarget(settings: TargetSettings, env: NodeJS.ProcessEnv): Target {
  const { values, name, wire = directWire } = settings;
  const embedded = isEmbedded(settings);
  if (embedded && !env[portVariable])
    throw new Error('The embedded target was not started: run through playwright.config.ts.');
  const base = trim(values.BASE_URL ?? values.API_URL ?? `http://127.0.0.1:${env[portVariable]}`);
  const apiUrl = trim(values.API_URL ?? base);
  const wsUrl = trim(values.WS_URL ?? apiUrl.replace(/^http/, 'ws'));
  return {
    name,
    embedded,
    baseUrl: base,
    apiUrl,
    syncUrl: trim(values.SYNC_API_URL ?? `${apiUrl}/sync`),
    wsUrl,
    yjsUrl: trim(values.YJS_URL ?? `${wsUrl}/yjs`),
    yjsDialect: values.YJS_DIALECT as Target['yjsDialect'],
    configured: urlFields.filter((field) => values[field]),
    dwcpWsUrl: trim(values.DWCP_WS_URL ?? `${wsUrl}/dwcp/v3`),
    vmApiPrefix: trim(values.VM_API_PREFIX ?? '/api/v1'),
    vmUpdateMethod: values.VM_UPDATE_METHOD === 'PUT' ? 'PUT' : 'PATCH',
    token: values.API_TOKEN,
    wire,
    secrets: Object.fromEntries(
      (settings.given ?? []).flatMap(([key, value]) =>
        key.startsWith(ownPrefix) ? [[key.slice(ownPrefix.length), value]] : [],
      ),
    ),
  };
}

/** Of the variables that hold the user's own secrets. */
const ownPrefix = 'SECRET_';

function trim(url: string): string {
  return url.replace(/\/+$/, '');
}

function isUrl(text: string, protocol: RegExp): boolean {
  return URL.canParse(text) && protocol.test(new URL(text).protocol);
}

/** What is no URL may still hold a password, as one with a misspelt protocol does. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//***@');
}

/** The origin without user, password or query: what may be shown. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}
