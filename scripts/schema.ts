// Writes profiles/profile.schema.json, which gives editors completion: npx tsx scripts/schema.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { profileSchema } from '../support/profile.ts';

const file = join(import.meta.dirname, '..', 'profiles', 'profile.schema.json');
writeFileSync(file, `${JSON.stringify(profileSchema(), null, 2)}\n`);
