// Writes profiles/profile.schema.json, which gives editors completion: npx tsx scripts/schema.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectSchema } from '../support/profile-schema.ts';

const root = join(import.meta.dirname, '..');
const file = join(root, 'profiles', 'profile.schema.json');
writeFileSync(file, `${JSON.stringify(await projectSchema(root), null, 2)}\n`);
