// npx tandem schema: what profiles and SLOs may say, the options of the project's loads and journeys included, for editors.
import { existsSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectSchema } from '../../support/profile-schema.ts';
import { sloSchema } from '../../support/slo.ts';
import { Misunderstood } from '../command.ts';
import { assertProject, playwrightConfigIn, readPlaywrightConfig } from '../surroundings.ts';

export async function run(args: string[], root: string): Promise<void> {
  if (args.length > 0) throw new Misunderstood();
  assertProject(root);
  // It says which families the project has.
  const config = playwrightConfigIn(root);
  if (config) await readPlaywrightConfig(config);
  write(join(root, 'profiles', 'profile.schema.json'), await projectSchema(root));
  if (existsSync(join(root, 'profiles', 'slo'))) write(join(root, 'profiles', 'slo', 'slo.schema.json'), sloSchema());
}

function write(file: string, schema: object): void {
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  console.log(`made ${relative(process.cwd(), file)}`);
}
