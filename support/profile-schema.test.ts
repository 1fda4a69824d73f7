import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonSchema } from './options.ts';
import { projectSchema } from './profile-schema.ts';

const root = join(import.meta.dirname, '..');

test('profiles/profile.schema.json is what the code says', async () => {
  assert.equal(
    readFileSync(join(root, 'profiles', 'profile.schema.json'), 'utf8'),
    `${JSON.stringify(await projectSchema(root), null, 2)}\n`,
    'stale; write it anew with: npx tandem schema',
  );
});

test('editors know the options of a load or journey, by its own name and by exec', async () => {
  const { $defs, properties } = (await projectSchema(root)) as {
    $defs: Record<string, JsonSchema & { additionalProperties: boolean }>;
    properties: { scenarios: { additionalProperties: { allOf: object[] }; allOf: [{ properties: object }] } };
  };
  const { watcher } = $defs;
  assert.equal(watcher!.additionalProperties, false);
  assert.deepEqual(watcher!.properties, {
    stay: { default: '20s', type: 'string', description: 'How long a person stays.' },
  });
  const options = '"then":{"properties":{"options":{"$ref":"#/$defs/watcher"}}}}';
  const { scenarios } = properties;
  const own = scenarios.allOf[0].properties as Record<string, object>;
  assert.equal(JSON.stringify(own.watcher), `{"if":{"not":{"required":["exec"]}},${options}`);
  const byExec = scenarios.additionalProperties.allOf.map((one) => JSON.stringify(one));
  assert.ok(byExec.includes(`{"if":{"properties":{"exec":{"const":"watcher"}},"required":["exec"]},${options}`));
});
