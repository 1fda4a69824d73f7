// npx tandem new journey|load|oracle|profile <name>: a file to begin with, which runs as it is.
import { join, relative } from 'node:path';
import { allowed } from '../../support/input/misspelling.ts';
import { isOracleName, oracleNameHelp } from '../../support/oracle.ts';
import { scenarioName } from '../../support/profile/schema.ts';
import { scenarioFiles } from '../../support/scenario-files.ts';
import { Misunderstood } from '../command.ts';
import { made } from '../new-file.ts';
import { journeyText, loadText, oracleText, profileText, type Surroundings } from '../scaffold.ts';
import { assertProject, configOption, slashes, surroundingsOf } from '../surroundings.ts';

interface Kind {
  file(name: string): string;
  text(name: string, at: Surroundings, folder: string): string;
  /** @param config the option by which Playwright finds the project from here */
  next(name: string, config: string): string;
  /** What its names are; those of a scenario otherwise. */
  names?: { are(name: string): boolean; help: string };
}

const profileNext = (name: string) => `Name it in the scenarios of a profile: "${name}": { "executor": … }.`;

const scenarioNames = {
  are: (name: string) => scenarioName.test(name),
  help: 'a name of letters, digits, _, - and dots',
};

const kinds: Record<string, Kind> = {
  journey: {
    file: (name) => `journeys/${name}.journey.ts`,
    text: (name, at) => journeyText(name, at),
    next: profileNext,
  },
  load: { file: (name) => `protocol/${name}.load.ts`, text: loadText, next: profileNext },
  oracle: {
    file: (name) => `protocol/${name}.oracle.ts`,
    text: oracleText,
    names: { are: isOracleName, help: oracleNameHelp },
    next: (name) => `Name it in a load: oracles: ['${name}'], and hand in its evidence.`,
  },
  profile: {
    file: (name) => `profiles/${name}.json`,
    text: (_name, _at, folder) => {
      const { load, journey } = scenarioFiles(folder);
      const [firstLoad, firstJourney] = [[...load.keys()][0], [...journey.keys()][0]];
      if (!firstLoad && !firstJourney)
        throw new Error('There is no load and no journey yet: npx tandem new load <name>.');
      return profileText({ load: firstLoad, journey: firstJourney });
    },
    next: (name, config) => `Then: npx playwright test${config} --project=${name}`,
  },
};

export async function run(args: string[], folder: string): Promise<void> {
  const [what = '', name = '', ...more] = args;
  if (what === '' || name === '' || more.length > 0) throw new Misunderstood();
  const kind = Object.hasOwn(kinds, what) ? kinds[what]! : undefined;
  if (!kind) throw new Error(`"npx tandem new ${what}" makes nothing; ${allowed(what, Object.keys(kinds))}.`);
  const { are, help } = kind.names ?? scenarioNames;
  if (!are(name))
    throw new Error(`"${name}" is no name of ${what === 'oracle' ? 'an' : 'a'} ${what}; allowed is ${help}.`);
  assertProject(folder);
  const from = (path: string) => slashes(relative(process.cwd(), path));
  const { load, journey } = scenarioFiles(folder);
  const other = ['load', 'journey'].includes(what) ? (load.get(name) ?? journey.get(name)) : undefined;
  if (other) throw new Error(`"${name}" is the name of ${from(other)} already; allowed is another name.`);
  const file = join(folder, kind.file(name));
  const shown = from(file);
  const text = kind.text(name, surroundingsOf(folder), folder);
  if (!made(file, text)) throw new Error(`${shown} is there already; allowed is another name.`);
  console.log(`made ${shown}\n${kind.next(name, configOption(process.cwd(), folder))}`);
}
