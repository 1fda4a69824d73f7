import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'dotenv';
import { families } from '../../protocol/families.ts';
import { settingsOf } from '../family.ts';
import { settingNames } from '../target.ts';
import { checkEnvironment, checkSettings, embeddedVariables, variables } from './environment.ts';

const names = settingNames(families);
const root = join(import.meta.dirname, '..', '..');
const said = (check: () => void): string => {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};
const ofEnvironment = (env: NodeJS.ProcessEnv) => said(() => checkEnvironment(env, names));
const ofFile = (text: string, env: NodeJS.ProcessEnv = {}) => {
  return said(() => checkSettings('.env', text, Object.keys(parse(text)), names, env));
};

test('a variable of the environment that would be ignored in silence is refused', () => {
  const known =
    'LOAD_DURATION, LOAD_SCALE, LOAD_RATE, LOAD_PROFILE, LOAD_SLICES, LOAD_SEED, LOAD_RUN_ID, LOAD_DASHBOARD, LOAD_POINTS, LOAD_SUMMARY, LOAD_TAGS, LOAD_START_AT, LOAD_RENDEZVOUS';
  const ofFamilies = names.filter((name) => name.startsWith('LOAD_')).join(', ');
  const meant = (found: string, name: string) =>
    `${found} in the environment is not known; did you mean ${name}? If it is another program's, unset it here.`;
  const table: [NodeJS.ProcessEnv, string][] = [
    [{ LOAD_DURATON: '2s' }, meant('LOAD_DURATON', 'LOAD_DURATION')],
    [{ LOAD_POINTS: 'maybe' }, 'LOAD_POINTS is "maybe"; allowed is 1 or 0.'],
    [{ LOAD_SUMMARY: 'long' }, 'LOAD_SUMMARY is "long"; allowed is short or full.'],
    [{ LAOD_SCALE: '2' }, meant('LAOD_SCALE', 'LOAD_SCALE')],
    [{ load_seed: '2' }, meant('load_seed', 'LOAD_SEED')],
    [{ TARGT: 'staging' }, meant('TARGT', 'TARGET')],
    [{ TARGET_FAULT: 'x' }, meant('TARGET_FAULT', 'TARGET_FAULTS')],
    [{ BASEURL: 'http://a.test' }, meant('BASEURL', 'BASE_URL')],
    [{ api_token: 'x' }, meant('api_token', 'API_TOKEN')],
    [
      { LOAD_VUS: '5' },
      `LOAD_VUS in the environment is not known; allowed: ${known}, ${ofFamilies}; if it is another program's, unset it here.`,
    ],
  ];
  for (const [env, sentence] of table) assert.equal(ofEnvironment(env), sentence);
});

test('what others set, what is empty, and what is named beside its misspelling is not', () => {
  const good: NodeJS.ProcessEnv[] = [
    { PATH: '/bin', APP_URL: 'x', API_TOKN: 'x', TARGET_ARCH: 'arm', DURATION: '1', CI: '1' },
    { LOAD_DURATON: '', BASEURL: '' },
    { BASEURL: 'x', BASE_URL: 'http://a.test' },
    { LOAD_TEST_SERVICE_HOST: '10.0.0.1', LOAD_PORT_80_TCP_ADDR: '10.0.0.1', LOAD_SERVICE_PORT_HTTP: '80' },
    { ...Object.fromEntries([...Object.keys(variables), ...names].map((name) => [name, '1'])), LOAD_SUMMARY: 'full' },
  ];
  for (const env of good) assert.equal(ofEnvironment(env), '');
});

test('a file has what looks like a setting and is none', () => {
  const beside = (found: string, name: string) =>
    `.env has ${found}, which is not known; did you mean ${name}? If it is another program's, add an empty line "${name}=" beside it.`;
  const table: [string, string][] = [
    ['BASEURL=http://a.test', beside('BASEURL', 'BASE_URL')],
    ['X=1\nAPI_TOKN=x\n', beside('API_TOKN', 'API_TOKEN')],
    ['SYNC_URL=http://a.test', beside('SYNC_URL', 'SYNC_API_URL')],
    ['base-url: http://a.test', beside('base-url', 'BASE_URL')],
    [
      'LOAD_DURATION=2s',
      `.env has LOAD_DURATION, which is read from the environment alone; allowed: ${names.join(', ')}.`,
    ],
    [
      'LOAD_DURATON=2s',
      `.env has LOAD_DURATON, which is read from the environment alone; allowed: ${names.join(', ')}.`,
    ],
    ...['load_duration', 'LOADDURATION'].map((key): [string, string] => [
      `${key}=2s`,
      `.env has ${key}, which is read from the environment alone; allowed: ${names.join(', ')}.`,
    ]),
    ['SECRET_ADMIN=a\nX=1\nSECRET_ADMIN=b', '.env has SECRET_ADMIN 2 times; allowed is once.'],
    ['TARGET=x', `.env has TARGET, which is read from the environment alone; allowed: ${names.join(', ')}.`],
    ['API_URL=http://a.test\n# API_URL=\nexport API_URL=http://b.test', '.env has API_URL 2 times; allowed is once.'],
    ['set BASE_URL=http://a.test\r\n', '.env has "set BASE_URL="; allowed is BASE_URL=<value>.'],
    ['"BASE_URL"=http://a.test', '.env has ""BASE_URL"="; allowed is BASE_URL=<value>.'],
    ['{"X":1,\n  "BASE_URL": "http://a.test"}', '.env has ""BASE_URL":"; allowed is BASE_URL=<value>.'],
    ['{"BASE_URL": "http://a.test"}', '.env has "{"BASE_URL":"; allowed is BASE_URL=<value>.'],
    ['# the API\r- API_URL=http://a.test', '.env has "- API_URL="; allowed is API_URL=<value>.'],
    [
      Buffer.from('\ufeffBASE_URL=http://a.test', 'utf16le').toString(),
      '.env is not text in UTF-8 (UTF-16, it seems); allowed is UTF-8: nothing else can be read.',
    ],
    ...['API_TOKEN=ab#cd', 'export API_TOKEN: a b#c # d', ' API_TOKEN = ab#'].map((text): [string, string] => [
      text,
      '.env has a # in API_TOKEN, which begins a comment there; allowed is quotes around the value.',
    ]),
    ['BASE_URL http://a.test', '.env has BASE_URL without a value; allowed is BASE_URL=<value>.'],
  ];
  for (const [text, sentence] of table) assert.equal(ofFile(text), sentence);
});

test('a file may be shared with other programs', () => {
  const good = [
    'APP_URL=x\nAPP_TOKEN=x\nAPI_KEY=x\nDB_URL=x\nLOAD_BALANCER=x\nSECRET_API_TOKN=x\nNODE_ENV=test',
    'BASEURL=x\nBASE_URL=',
    'API_TOKEN="ab#cd" # a#b\nBASE_URL=http://a.test # b#c\nWS_URL=#none\nPASSWORD=ab#cd',
    'NOTE=see API_URL: x\nJSON={"API_URL":1}\nMY_API_URL: x\nmy.BASE_URL=x',
    `SECRET_CONFIG='{\n  "API_URL": "x"\n}'\nBASE_URL=x`,
    '# set BASE_URL=x\nNOTE="\nset API_URL=x"\nexport API_URL=x',
    readFileSync(join(root, '.env.example'), 'utf8'),
  ];
  for (const text of good) assert.equal(ofFile(text), '');
  assert.equal(ofFile('BASEURL=x', { BASE_URL: 'http://a.test' }), '');
});

test('those of the embedded target are named when they are set', () => {
  assert.deepEqual(embeddedVariables({ TARGET: 'x', TARGET_FAULTS: 'y', TARGET_PROCESSES: '' }), ['TARGET_FAULTS']);
});

test('README or a page of docs/ names every variable, and .env.example every setting of a family', () => {
  const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
  const pages = readdirSync(join(root, 'docs')).map((page) => read('docs', page));
  const readme = [read('README.md'), read('target', 'README.md'), ...pages].join('\n');
  const ofFamilies = settingsOf(families).map(({ variable }) => variable);
  assert.deepEqual(
    [...Object.keys(variables), ...ofFamilies].filter((name) => !readme.includes(name)),
    [],
  );
  assert.deepEqual(
    ofFamilies.filter((name) => !read('.env.example').includes(`\n${name}=`)),
    [],
  );
});
