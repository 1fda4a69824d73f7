// npx tandem doctor: what this machine and this project lack for a run, each with its remedy.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { browserExecutable } from '../../support/browser.ts';
import { checkEmbedded } from '../../support/config.ts';
import { Cgroup } from '../../support/measure/cgroup.ts';
import { checkReachable, originsUsed, overHttp } from '../../support/preflight.ts';
import {
  type Address,
  checkSomewhere,
  isEmbedded,
  resolveTarget,
  shownUrl,
  targetSettings,
} from '../../support/target.ts';
import { Misunderstood } from '../command.ts';
import { playwrightConfigIn, readPlaywrightConfig, surroundingsOf } from '../surroundings.ts';
import { checkTemporary, checkWritable } from '../writable.mjs';

/** What is asked of the machine; undefined is what it does not tell. */
export interface Facts {
  node: string;
  isModule: boolean;
  /** Of Playwright Test: the project's. */
  playwright: string | undefined;
  /** Whether Tandem finds the same copy. */
  isOnePlaywright: boolean;
  /** Of the machine, or what a container may use of them. */
  cores: number;
  /** Likewise. */
  freeBytes: number;
  /** Files and sockets that a process may have open. */
  openFiles: number | undefined;
  /** Ports for connections that go out. */
  ports: number | undefined;
}

export interface Line {
  /** `warning`: a run works, as far as it goes. */
  status: 'ok' | 'warning' | 'missing';
  text: string;
  remedy?: string;
}

/** Of Playwright's `webServer` where it answers. */
export interface WebServer {
  url?: string;
  port?: number;
}

/** Minor versions by major ones; what is newer than these is new enough. */
const OLDEST: Record<number, number> = { 20: 18, 21: 0, 22: 0 };
const OLDEST_THAT_REQUIRES: Record<number, number> = { 20: 19, 22: 12 };
const ENOUGH_FILES = 10_000;
const ENOUGH_PORTS = 20_000;
const ENOUGH_BYTES = 1024 ** 3;
const REACH_MS = 3_000;

/** What the facts mean. */
export function linesOf(facts: Facts): Line[] {
  const { node, isModule, playwright, isOnePlaywright, cores, freeBytes, openFiles, ports } = facts;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const oldest = isModule ? OLDEST : OLDEST_THAT_REQUIRES;
  const isNew = major > 22 || minor >= (oldest[major] ?? Number.POSITIVE_INFINITY);
  const remedy = isModule ? '20.18 or newer' : '20.19, 22.12 or newer: a CommonJS project requires ES modules';
  return [
    line(isNew, 'missing', `Node ${node}`, `${remedy}, as by "nvm install 22"`),
    playwright === undefined
      ? line(false, 'missing', '@playwright/test is not installed', 'npm install -D @playwright/test')
      : line(
          isOnePlaywright,
          'missing',
          `Playwright ${playwright}${isOnePlaywright ? '' : ', and another copy that Tandem finds'}`,
          'one copy for both: npm dedupe',
        ),
    line(
      cores >= 2,
      'warning',
      `${Number(cores.toFixed(1))} ${cores === 1 ? 'core' : 'cores'}`,
      'two at least: browsers and load share them',
    ),
    line(
      freeBytes >= ENOUGH_BYTES,
      'warning',
      `${(freeBytes / 1024 ** 3).toFixed(1)} GB of free memory`,
      'about 0.2 GB a browser',
    ),
    ...(openFiles === undefined
      ? []
      : [line(openFiles >= ENOUGH_FILES, 'warning', `${openFiles} open files a process`, 'ulimit -n 65536')]),
    ...(ports === undefined
      ? []
      : [
          line(
            ports >= ENOUGH_PORTS,
            'warning',
            `${ports} ports for connections`,
            `sysctl -w net.ipv4.ip_local_port_range='1024 65535'`,
          ),
        ]),
  ];
}

const line = (holds: boolean, otherwise: Line['status'], text: string, remedy: string): Line =>
  holds ? { status: 'ok', text } : { status: otherwise, text, remedy };

export async function run(args: string[], root: string): Promise<void> {
  if (args.length > 0) throw new Misunderstood();
  const lines = [...linesOf(factsOf(root)), ...(await tried(root))];
  const marks = { ok: '✓', warning: '!', missing: '✗' };
  for (const { status, text, remedy } of lines) {
    console.log(`${marks[status]} ${text}${remedy === undefined ? '' : `\n    → ${remedy}`}`);
  }
  if (lines.some(({ status }) => status === 'missing')) process.exitCode = 1;
}

function factsOf(root: string): Facts {
  const own = playwrightFrom(join(root, 'package.json'));
  const ours = playwrightFrom(import.meta.filename);
  return {
    node: process.versions.node,
    isModule: surroundingsOf(root).isModule,
    playwright: own && (JSON.parse(readFileSync(own, 'utf8')) as { version: string }).version,
    isOnePlaywright: own === ours,
    cores: Math.min(availableParallelism(), ...quotas()),
    freeBytes: process.availableMemory(),
    openFiles: openFiles(),
    ports: portsIn('/proc/sys/net/ipv4/ip_local_port_range'),
  };
}

function playwrightFrom(file: string): string | undefined {
  try {
    return createRequire(file).resolve('@playwright/test/package.json');
  } catch {
    return undefined;
  }
}

/** In cores, those of the containers around this process. */
function quotas(): number[] {
  return [...new Cgroup().read().values()].map(({ quotaCores }) => quotaCores);
}

function openFiles(): number | undefined {
  try {
    const text = execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
    return text === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(text);
  } catch {
    return undefined;
  }
}

function portsIn(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const [first = 0, last = 0] = readFileSync(file, 'utf8').trim().split(/\s+/).map(Number);
  return last - first + 1;
}

/** What can only be found out by trying: an error's sentence says the remedy as well. */
async function tried(root: string): Promise<Line[]> {
  const config = playwrightConfigIn(root);
  // That of the tests beside it is another one.
  if (!config || !existsSync(join(root, 'profiles'))) {
    const text = 'no folder with playwright.config.ts and profiles/ here or in load/';
    return [{ status: 'missing', text, remedy: 'npx tandem init, or npx tandem doctor in the folder that it made' }];
  }
  const lines = [
    await attempt(() => `browser ${browserExecutable()}`),
    await attempt(() => {
      checkTemporary();
      checkWritable(join(root, 'reports'), 'the results of a run belong there');
      return 'temporary files and reports can be written';
    }),
  ];
  let servers: WebServer[] = [];
  const read = await attempt(async () => {
    const { webServer } = await readPlaywrightConfig(config);
    servers = [webServer ?? []].flat() as WebServer[];
    return 'playwright.config.ts and .env can be read';
  });
  return read.status === 'ok' ? [...lines, read, await attempt(() => reach(root, servers))] : [...lines, read];
}

/** @param servers what the configuration starts for a run */
async function reach(root: string, servers: WebServer[]): Promise<string> {
  const settings = targetSettings(process.env, root);
  checkSomewhere(settings);
  if (isEmbedded(settings)) {
    checkEmbedded();
    return 'no BASE_URL and no API_URL: a run starts the embedded target';
  }
  const target = resolveTarget(settings, process.env);
  const used = originsUsed(target, new Set(['journey', 'load'] as const));
  const started = used.filter(({ url }) => isStarted(url, servers));
  const others = used.filter((one) => !started.includes(one));
  await checkReachable(others, target.wire, REACH_MS);
  const shown = (all: Address[], what: string) =>
    all.length > 0 ? [`${all.map(({ url }) => shownUrl(url)).join(', ')}${what}`] : [];
  return [
    ...shown(others, ': answered'),
    ...shown(started, ' is started by the webServer of playwright.config.ts'),
  ].join('; ');
}

/** Whether one of the servers answers at an address; of one that does not say where it does, nobody knows. */
export function isStarted(address: string, servers: WebServer[]): boolean {
  return servers.some(({ url, port }) => {
    const own = url ?? (port === undefined ? undefined : `http://localhost:${port}`);
    return own === undefined || placeOf(own) === placeOf(address);
  });
}

/** Host and port; this machine has several names. */
function placeOf(address: string): string {
  const { protocol, hostname, port } = new URL(overHttp(address));
  const host = /^(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])$/.test(hostname) ? 'localhost' : hostname;
  return `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

async function attempt(what: () => string | Promise<string>): Promise<Line> {
  try {
    return { status: 'ok', text: await what() };
  } catch (error) {
    // The configuration throws a sentence alone.
    const sentence = error instanceof Error ? error.message : String(error);
    const [text = '', ...remedy] = sentence.split('; ');
    return { status: 'missing', text, ...(remedy.length > 0 && { remedy: remedy.join('; ') }) };
  }
}
