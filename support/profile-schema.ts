import { type JsonSchema, optionsSchema } from './options.ts';
import { profileSchema, type ScenarioKind } from './profile/schema.ts';
import { scenarioFiles } from './scenario-files.ts';
import { importFor } from './worker/declaration.ts';

interface ScenariosSchema {
  additionalProperties: object;
}

/**
 * JSON Schema for editors: what any profile may say, and what each load and journey of a project takes as options.
 * `profiles/profile.schema.json` holds exactly this.
 * @param root the project's folder
 */
export async function projectSchema(root: string): Promise<object> {
  const taking: { name: string; options: JsonSchema }[] = [];
  for (const [kind, files] of Object.entries(scenarioFiles(root)) as [ScenarioKind, Map<string, string>][]) {
    for (const [name, path] of files) {
      await importFor('nobody', path).catch(unlessOfSpec);
      const options = optionsSchema(kind, name);
      if (options) taking.push({ name, options });
    }
  }
  taking.sort((a, b) => (a.name < b.name ? -1 : 1));
  const schema = profileSchema() as { properties: { scenarios: ScenariosSchema } };
  const { scenarios } = schema.properties;
  const options = (name: string) => ({ properties: { options: { $ref: `#/$defs/${name}` } } });
  const ofOwnName = taking.map(({ name }) => [name, when({ not: { required: ['exec'] } }, options(name))]);
  const byExec = taking.map(({ name }) =>
    when({ properties: { exec: { const: name } }, required: ['exec'] }, options(name)),
  );
  return {
    ...schema,
    properties: {
      ...schema.properties,
      scenarios: {
        ...scenarios,
        additionalProperties: { ...scenarios.additionalProperties, allOf: byExec },
        allOf: [{ properties: Object.fromEntries(ofOwnName) }],
      },
    },
    $defs: Object.fromEntries(taking.map((one) => [one.name, one.options])),
  };
}

/** The tests of a spec can be declared in Playwright alone, and a journey that is made of one takes no options. */
function unlessOfSpec(error: unknown): void {
  if (!String(error).includes('Playwright Test did not expect')) throw error;
}

function when(condition: object, consequence: object): object {
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word.
  return { if: condition, then: consequence };
}
