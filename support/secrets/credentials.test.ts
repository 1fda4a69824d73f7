import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsOf } from './credentials.ts';

const secretsOf = (name: string, value: string) => credentialsOf([[name, value]]).secrets;

test('secrets are found by the names and by the values of variables', () => {
  const basic = Buffer.from('me:pw-99').toString('base64');
  const hook = 'https://hooks.test/services/T0/B0/canary';
  const table: [name: string, value: string, secrets: string[]][] = [
    ['API_TOKEN', 'tok-1', ['tok-1']],
    ['API_TOKEN', 'Bearer tok-1', ['Bearer tok-1', 'tok-1']],
    ['SECRET_ADMIN', 'x', ['x']],
    ['SECRET_URL', 'https://a.test/', ['https://a.test/']],
    ['BASE_URL', 'https://me:p%40ss@a.test', ['p%40ss', 'p@ss']],
    ['DATABASE_URL', 'postgres://ada:a/b@c@db.test/x', ['a/b@c']],
    ['DATABASE_URL', 'postgres://db.test,db2.test/x?user=ada&password=hunter2', ['hunter2']],
    ['DATABASE_URL', 'host=db user=ada password=hunter2', ['hunter2']],
    ['LOAD_RENDEZVOUS', 'http://meet:pw-12@a.test:4000', ['pw-12']],
    ['LOAD_RENDEZVOUS', 'http://a.test/?token=pw-1234', ['pw-1234']],
    ['HTTPS_PROXY', 'http://me:pw-12@proxy.test:3128', ['pw-12']],
    ['http_proxy', 'me:pw-12@proxy.test:3128', ['pw-12']],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'x-key=abc,authorization=Bearer%20def',
      ['abc', 'Bearer%20def', 'Bearer def', 'def'],
    ],
    ['OTEL_EXPORTER_OTLP_HEADERS', `authorization=Basic ${basic}`, [`Basic ${basic}`, basic, 'pw-99']],
    ['SLACK_WEBHOOK_URL', hook, [hook, '/services/T0/B0/canary', 'canary']],
    ['GITHUB_TOKEN', 'ghs_12345678', ['ghs_12345678']],
    ['PGPASSWORD', 'hunter2-hunter2', ['hunter2-hunter2']],
    ['AWS_SECRET_ACCESS_KEY', 'abcd1234abcd', ['abcd1234abcd']],
    ['SIGNING_KEY', '0f1e2d3c4b5a6978', ['0f1e2d3c4b5a6978']],
    ['SMTP_PASS', 'hunter2-hunter2', ['hunter2-hunter2']],
    ['db_pwd', 'hunter2-hunter2', ['hunter2-hunter2']],
    ['CI_JOB_JWT', 'eyJh.eyJz.sig', ['eyJh.eyJz.sig']],
    ['AUTHORIZATION', 'Bearer tok-1', ['Bearer tok-1', 'tok-1']],
    ['AUTH_HEADER', 'Bearer tok-12345', ['tok-12345']],
    ['JAAS', 'PlainLoginModule required username="ada" password="hunter2";', ['hunter2']],
    ['ACCOUNT', '{"type":"service","keys":[{"client_secret":"hunter2-hunter2"}]}', ['hunter2-hunter2']],
    ['SECRET_ACCOUNT', '{"apiKey":"hunter2-2"}', ['{"apiKey":"hunter2-2"}', 'hunter2-2']],
  ];
  for (const [name, value, secrets] of table) assert.deepEqual(secretsOf(name, value), secrets, `${name}=${value}`);
});

test('what is no secret is none', () => {
  const table = [
    ['BASE_URL', 'https://ledger.example.com/x?page=1'],
    ['BASE_URL', 'https://ledger.example.com:8443/x@y'],
    ['PATH', '/usr/bin:/bin'],
    ['EMAIL', 'ada@example.com'],
    ['TOKENIZERS_PARALLELISM', 'true'],
    ['TOKEN_TTL_SECONDS', '86400'],
    ['AWS_WEB_IDENTITY_TOKEN_FILE', '/var/run/secrets/token'],
    ['TOKEN_URL', 'https://id.example.com/token'],
    ['DATABASE_URL', 'postgres://db.test/x?sslmode=require&keyspace=ledger&sslkey=/etc/client.key'],
    ['PWD', 'D:work/ledger'],
    ['JWT_AUDIENCE', 'ledger-api'],
    ['BYPASS', 'everything'],
    ['LEVEL', 'Basic training'],
    ['OPTIONS', '{"token_type":"Bearer","token_uri":"https://id.example.com/token","tokens":12345678}'],
    ['OPTIONS', '{"token":"half'],
    ['SORT_KEY', 'created_at'],
    ['CLIENT_KEY', '/etc/tls/client-key.pem'],
    ['API_TOKEN', ''],
  ] as const;
  for (const [name, value] of table) assert.deepEqual(secretsOf(name, value), [], `${name}=${value}`);
});
