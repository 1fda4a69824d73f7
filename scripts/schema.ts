// Writes the schemas of profiles and SLOs, which give editors completion: npx tsx scripts/schema.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectSchema } from '../support/profile-schema.ts';
import { sloSchema } from '../support/slo.ts';

const root = join(import.meta.dirname, '..');
const write = (file: string, schema: object) =>
  writeFileSync(join(root, 'profiles', file), `${JSON.stringify(schema, null, 2)}\n`);
write('profile.schema.json', await projectSchema(root));
write('slo/slo.schema.json', sloSchema());
