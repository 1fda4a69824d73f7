// npx tandem init [folder]: what a repository needs for its first run, from what can be seen of it. Nothing that is there is changed.
import { statSync } from 'node:fs';
import { join, posix, relative, resolve } from 'node:path';
import { profileSchema } from '../../support/profile/schema.ts';
import { shownUrl } from '../../support/target.ts';
import { Misunderstood } from '../command.ts';
import { made } from '../new-file.ts';
import {
  type Application,
  configText,
  environmentText,
  journeyText,
  loadText,
  profileText,
  shellText,
  workflowText,
} from '../scaffold.ts';
import {
  applicationOf,
  configOption,
  defaultFolder,
  hasPlugAndPlay,
  letsIn,
  packageManagerOf,
  playwrightConfigIn,
  repositoryOf,
  slashes,
  surroundingsOf,
} from '../surroundings.ts';

export async function run(args: string[]): Promise<void> {
  const root = process.cwd();
  const [name = defaultFolder, ...more] = args;
  if (more.length > 0 || name.startsWith('-')) throw new Misunderstood();
  const folder = resolve(root, name);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found && !found.isDirectory())
    throw new Error(`${name} is there already, and no folder; allowed is another name: npx tandem init <folder>.`);
  const there = found && playwrightConfigIn(folder);
  if (there) {
    throw new Error(
      `${relative(root, there)} is there already, and stays as it is; allowed is another folder: npx tandem init <folder>.`,
    );
  }
  const app = await applicationIn(root, folder);
  for (const [file, text] of Object.entries(filesOf(root, folder, app))) write(root, file, text);
  for (const line of nextSteps(root, folder, app)) console.log(line);
}

/** What is made, by path. */
export function filesOf(root: string, folder: string, app: Application | undefined): Record<string, string> {
  const at = { ...surroundingsOf(root), ...(isApart(root, folder) && { isModule: true }) };
  const repository = repositoryOf(root);
  const workflow = workflowText({
    project: shownFolder(repository, root),
    folder: shownFolder(root, folder),
    manager: packageManagerOf(root),
    baseUrl: shownBase(app),
    signsIn: app?.signsIn,
  });
  return {
    ...(isApart(root, folder) && { [join(folder, 'package.json')]: '{ "private": true, "type": "module" }\n' }),
    [join(folder, 'playwright.config.ts')]: configText(at, app),
    [join(folder, '.env')]: environmentText(app?.baseUrl),
    // Settings may be secrets.
    [join(folder, '.gitignore')]: '.env\n.env.*\nreports/\nblob-report/\n',
    [join(folder, 'journeys', 'visit.journey.ts')]: journeyText('visit', at, app?.storageState),
    [join(folder, 'protocol', 'requests.load.ts')]: loadText('requests', at),
    [join(folder, 'profiles', 'smoke.json')]: profileText({ load: 'requests', journey: 'visit' }),
    // Its loads and journeys take no options yet.
    [join(folder, 'profiles', 'profile.schema.json')]: `${JSON.stringify(profileSchema(), null, 2)}\n`,
    // GitHub looks for it nowhere else.
    [join(repository, '.github', 'workflows', 'load.yml')]: workflow,
  };
}

/** Yarn shows its archives to `import`, but not to a `require` of ES modules, such as Tandem's: the folder gets a kind of its own. */
function isApart(root: string, folder: string): boolean {
  return hasPlugAndPlay(root) && folder !== root && !surroundingsOf(root).isModule;
}

function shownFolder(root: string, folder: string): string {
  return slashes(relative(root, folder)) || '.';
}

async function applicationIn(root: string, folder: string): Promise<Application | undefined> {
  const config = playwrightConfigIn(root);
  if (!config) return undefined;
  try {
    const app = await applicationOf(config, folder);
    if (!app.hasWebServer || !isApart(root, folder)) return app;
    console.log(
      `The webServer of ${relative(root, config)} is not taken along, which is no ES module: start the application before a run.`,
    );
    return { ...app, hasWebServer: false };
  } catch (error) {
    console.log(`${relative(root, config)} could not be read (${(error as Error).message}): nothing is taken from it.`);
    return undefined;
  }
}

function write(root: string, file: string, text: string): void {
  const shown = slashes(relative(root, file));
  console.log(`${made(file, text) ? 'made' : 'kept'} ${shown}`);
}

/** Where the application is, without a user and password. */
function shownBase(app: Application | undefined): string | undefined {
  return app?.baseUrl && shownUrl(app.baseUrl);
}

function* nextSteps(root: string, folder: string, app: Application | undefined): Generator<string> {
  const path = shownFolder(root, folder);
  const npx = hasPlugAndPlay(root) ? 'yarn' : 'npx';
  yield '';
  if (app?.baseUrl) yield `BASE_URL is that of ${posix.basename(app.config)}: ${shownBase(app)}`;
  else yield `Say where the system under load is: BASE_URL in ${path}/.env.`;
  for (const name of app?.notTaken ?? [])
    yield `${name} of ${posix.basename(app!.config)} is not taken; ${letsIn[name]} says it to a run.`;
  if (app?.storageState) yield `Journeys are signed in by ${app.storageState}, which your tests write.`;
  yield `Then: ${npx} playwright test${configOption(root, folder)} --project=smoke`;
  // Commands find no other folder by themselves.
  const there = path === '.' || path === defaultFolder ? '' : `cd ${shellText(path)} && `;
  yield `What the machine lacks: ${there}${npx} tandem doctor`;
}
