import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowed, misspelt } from './misspelling.ts';

const names = [
  'BASE_URL',
  'API_URL',
  'SYNC_API_URL',
  'WS_URL',
  'YJS_URL',
  'VM_API_PREFIX',
  'API_TOKEN',
  'LOAD_DURATION',
];

test('a slip of the pen is seen, whatever it is', () => {
  const table: Record<string, string[]> = {
    BASE_URL: [
      'BASEURL',
      'base_url',
      'baseUrl',
      'BASE-URL',
      'BASE_URI',
      'BASE_ULR',
      'BASW_URL',
      'BASE_URLS',
      'BASEURLS',
    ],
    API_TOKEN: ['API_TOKN', 'APITOKEN', 'API_TOKENS', 'AIP_TOKEN', 'API_TOKEM'],
    SYNC_API_URL: ['SYNC_URL', 'SYNCAPI_URL', 'SYNK_API_URL'],
    VM_API_PREFIX: ['VM_PREFIX', 'VM_API_PREFX'],
    LOAD_DURATION: ['LOAD_DURATON', 'LAOD_DURATION', 'LOADDURATION', 'load_duration'],
  };
  for (const [name, slips] of Object.entries(table))
    for (const slip of slips) assert.equal(misspelt(slip, names), name, slip);
});

test('of what is allowed all is named, and that there is nothing', () => {
  assert.equal(allowed('spik', ['spike', 'calm']), 'did you mean "spike"? allowed: spike, calm');
  assert.equal(allowed('spik', []), 'there is none to choose from');
});

test('another word is another name', () => {
  for (const other of [
    'APP_URL',
    'APP_TOKEN',
    'DB_URL',
    'WEB_URL',
    'API_KEY',
    'API_PREFIX',
    'API_BASE_URL',
    'BASE_PATH',
    'URL',
    'LOAD_TEST',
    'BASE_URL',
  ])
    assert.equal(misspelt(other, names), undefined, other);
});

test('the nearest name is asked for; without one there is no question', () => {
  assert.equal(allowed('vm-crut', ['sync', 'vm-crud']), 'did you mean "vm-crud"? allowed: sync, vm-crud');
  assert.equal(allowed('else', ['sync', 'vm-crud']), 'allowed: sync, vm-crud');
});
