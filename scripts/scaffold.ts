// What init and new write into a repository: the text of each file.
import { posix } from 'node:path';

/** Of the repository that the files are for. */
export interface Surroundings {
  /** Its code is read as ES modules, not as CommonJS. */
  isModule: boolean;
  /** Tandem itself: its files name one another. */
  isTandem: boolean;
}

const wordsIn = ({ isTandem }: Surroundings) => (isTandem ? '../support/test.ts' : 'tandem/test');
const httpIn = ({ isTandem }: Surroundings) => (isTandem ? './transports/http.ts' : 'tandem/http');

/** What the existing Playwright configuration of a repository says. */
export interface Application {
  /** Its path from the folder that is made, with slashes: `../playwright.config.ts`. */
  config: string;
  baseUrl?: string;
  /** As the new folder has to name it. */
  storageState?: string;
  /** Projects of the tests that sign in, and so write the storage state. */
  signsIn: string[];
  /** It starts the application by itself. */
  hasWebServer: boolean;
  /** Options of its `use` without which the application may answer something else, and which no run takes from there. */
  notTaken: string[];
}

/** @param app undefined where there is no configuration to take anything from */
export function configText({ isModule }: Surroundings, app?: Application): string {
  const here = isModule ? 'import.meta.dirname' : '__dirname';
  const families = '// With http there is "npx tandem attack"; other families have more loads.';
  if (!app?.hasWebServer) {
    return `import { defineConfig } from '@playwright/test';
import { tandemConfig } from 'tandem/config';
import { http } from 'tandem/families';

${families}
export default defineConfig(tandemConfig(${here}, [http]));
`;
  }
  return `import { resolve } from 'node:path';
import { defineConfig } from '@playwright/test';
import { tandemConfig } from 'tandem/config';
import { http } from 'tandem/families';
import app from ${quoted(importOf(app.config, isModule))};

// What the tests start, a run starts as well, and where they do.
const tests = resolve(${here}, ${quoted(posix.dirname(app.config))});
const webServer = [app.webServer ?? []].flat().map((one) => ({ ...one, cwd: resolve(tests, one.cwd ?? '.') }));
${families}
export default defineConfig(tandemConfig(${here}, [http]), { webServer });
`;
}

/** As compilers and Playwright find it, whatever its ending. */
function importOf(file: string, isModule: boolean): string {
  const [, name, ending] = /^(.*)(\.[cm]?)[jt]s$/.exec(file)!;
  return !isModule && ending === '.' ? name! : `${name}${ending}js`;
}

/** @param baseUrl undefined: to be filled in */
export function environmentText(baseUrl: string | undefined): string {
  return baseUrl === undefined
    ? '# Where the system under load is, such as http://localhost:3000\nBASE_URL=\n'
    : `# The system under load; .env.<name> is another one, for TARGET=<name>.\nBASE_URL=${baseUrl}\n`;
}

export function journeyText(name: string, at: Surroundings, storageState?: string): string {
  const signedIn = storageState === undefined ? '' : `  use: { storageState: ${quoted(storageState)} },\n`;
  return `import { expect, journey } from '${wordsIn(at)}';

journey('${name}', {
${signedIn}  thinkTimeMs: [500, 1_500],
  async run({ page, step, think }) {
    await step('open', () => page.goto('')); // BASE_URL itself
    await think();
    await step('read', () => expect(page.locator('body')).not.toBeEmpty());
  },
});
`;
}

export function loadText(name: string, at: Surroundings): string {
  return `import { Http } from '${httpIn(at)}';
import { load } from '${wordsIn(at)}';

load('${name}', {
  setup: (slice) => new Http(slice, slice.target.apiUrl),
  teardown: (http) => http.close(),
  vu: (_vu, http) => http,
  operations: {
    home: {
      weight: 1,
      async run(http, vu) {
        const answer = await http.request({ op: 'home', method: 'GET', path: '/' });
        vu.check('home: status is 200', answer.status === 200);
      },
    },
  },
});
`;
}

export function oracleText(name: string, at: Surroundings): string {
  return `import { oracle } from '${wordsIn(at)}';

/** Of one VU: what its load hands in by \`evidence: (state) => ({ '${name}': … })\`, and names in \`oracles: ['${name}']\`. */
interface Evidence {
  made: number;
  /** Ids of those that were not there in the end. */
  lost: string[];
}

oracle('${name}', {
  promise: 'What was made is there.',
  judge(evidence: Evidence[]) {
    const lost = evidence.flatMap((vu) => vu.lost);
    const checked = evidence.reduce((sum, vu) => sum + vu.made, 0);
    return { checked, violations: lost.length, examples: lost };
  },
});
`;
}

/** A profile of the first load and the first journey there are; a project has one of the two at least. */
export function profileText(known: { load?: string; journey?: string }): string {
  const { load, journey } = known;
  const profile = {
    $schema: './profile.schema.json',
    description: 'To be filled in',
    ...(journey && load ? { calm: '10s' } : {}),
    scenarios: {
      ...(journey && {
        [journey]: {
          executor: 'constant-arrival-rate',
          rate: 1,
          timeUnit: '2s',
          maxSessions: 5,
          ...(load ? {} : { duration: '40s' }),
        },
      }),
      ...(load && { [load]: { executor: 'constant-arrival-rate', rate: 5, duration: '30s', maxVUs: 10 } }),
    },
    thresholds: {
      ...(load && {
        [`http_req_failed{scenario:${load}}`]: ['rate<0.01'],
        [`http_req_duration{scenario:${load}}`]: ['p(95)<1000'],
      }),
      ...(journey && {
        // Of some twenty sessions.
        [`browser_session_failed{journey:${journey}}`]: ['rate<0.1'],
        [`browser_web_vital_lcp{journey:${journey}}`]: ['p(75)<2500'],
      }),
    },
  };
  return `${JSON.stringify(profile, null, 2)}\n`;
}

/** `unlocked`: npm, where no lock file is. */
export type PackageManager = 'npm' | 'unlocked' | 'pnpm' | 'yarn';

/** How packages are installed, and how a program of theirs is called. */
const managers: Record<PackageManager, { installs: string[]; call: string }> = {
  npm: { installs: ['npm ci'], call: 'npx' },
  unlocked: { installs: ['npm install'], call: 'npx' },
  pnpm: { installs: ['corepack enable', 'pnpm install --frozen-lockfile'], call: 'pnpm exec' },
  // Its exec keeps options for itself in version 1.
  yarn: { installs: ['corepack enable', 'yarn install --immutable'], call: 'yarn run' },
};

/** What the workflow has to know. */
export interface Workflow {
  /** Below the repository, with slashes, that of the project; `.` is the repository itself. */
  project: string;
  /** Likewise, below the project. */
  folder: string;
  manager: PackageManager;
  /** Where the application is; undefined where nothing says so. */
  baseUrl?: string;
  /** Projects of the tests that write what journeys are signed in by. */
  signsIn?: string[];
}

export function workflowText({ project, folder, manager, baseUrl, signsIn = [] }: Workflow): string {
  const { installs, call: run } = managers[manager];
  const config = folder === '.' ? '' : ` -c ${shellText(folder)}`;
  const reports = posix.join(project, folder, 'reports');
  const steps = installs.map((command) => `      - run: ${command}`).join('\n');
  const projects = signsIn.map((name) => ` --project=${shellText(name)}`).join('');
  // A block, in which colons and quotes are what they are.
  const signIn = projects && `      - run: |\n          ${run} playwright test${projects}\n`;
  const place =
    project === '.' ? '' : `    defaults:\n      run:\n        working-directory: ${JSON.stringify(project)}\n`;
  return `name: load

on:
  workflow_dispatch:
  schedule:
    - cron: "0 2 * * *"

permissions:
  contents: read

jobs:
  load:
    runs-on: ubuntu-latest
    timeout-minutes: 30
${place}    env:
      # A variable of the repository, such as the address of staging.
      BASE_URL: \${{ vars.BASE_URL || '${(baseUrl ?? 'http://localhost:3000').replaceAll("'", "''")}' }}
    steps:
      - uses: actions/checkout@v6
      - uses: actions/setup-node@v6
        with:
          node-version: 22
${steps}
      - run: ${run} playwright install --with-deps chromium-headless-shell
${signIn}      - run: ${run} playwright test${config} --project=smoke
      - uses: actions/upload-artifact@v6
        if: \${{ !cancelled() }}
        with:
          name: load
          path: ${JSON.stringify(reports)}
`;
}

/** A word of a command. */
export function shellText(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** In single quotes of JavaScript. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
