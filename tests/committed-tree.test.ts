import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = dirname(import.meta.dirname);

/** The folders among the given ones that a text names. A folder such as `/app` is too common a word to look for. */
function foldersNamedIn(text: string, folders: string[]): string[] {
  return folders.filter((folder) => folder.split('/').length > 2 && text.includes(folder));
}

/** Hosts that a package-lock.json would fetch from, other than npm's public registry. */
function privateHostsIn(lockFile: string): string[] {
  const urls = [...lockFile.matchAll(/"resolved": "(https?:\/\/[^"]+)"/g)].map(([, url]) => new URL(url!));
  return [...new Set(urls.map(({ host }) => host))].filter((host) => host !== 'registry.npmjs.org');
}

test('no committed file names a folder of this machine', (t) => {
  if (!existsSync(join(root, '.git'))) return t.skip('not a git clone');
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  assert.ok(files.includes('package.json'));
  for (const file of files.filter((path) => existsSync(join(root, path)))) {
    const named = foldersNamedIn(readFileSync(join(root, file), 'utf8'), [root, homedir()]);
    assert.deepEqual(named, [], `${file} names ${named.join(' and ')}`);
  }
});

test('a folder of this machine would be found', () => {
  assert.deepEqual(foldersNamedIn('see /home/ada/tandem/x.ts', ['/home/ada/tandem', '/home/bob']), [
    '/home/ada/tandem',
  ]);
  assert.deepEqual(foldersNamedIn('GET /app/main.js', ['/app']), []);
});

/**
 * Optional packages that a package-lock.json asks for and does not hold. npm leaves them out when the registry it asked
 * had none; on a system that needs one `npm ci` then fails, or goes on without it.
 */
function missingFrom(packages: Record<string, { optionalDependencies?: Record<string, string> }>): string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
    ),
  );
}

test('package-lock.json holds the packages of every system', () => {
  assert.deepEqual(missingFrom(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages), []);
});

test('a package missing from package-lock.json would be found', () => {
  const biome = { optionalDependencies: { 'cli-linux': '2.0.0', 'cli-darwin': '2.0.0' } };
  assert.deepEqual(missingFrom({ 'node_modules/biome': biome, 'node_modules/cli-linux': {} }), ['cli-darwin']);
});

test('package-lock.json names no private registry', () => {
  assert.deepEqual(privateHostsIn(readFileSync(join(root, 'package-lock.json'), 'utf8')), []);
});

test('a private registry would be found', () => {
  const line = (host: string) => `"resolved": "https://${host}/undici/-/undici-7.0.0.tgz",\n`;
  assert.deepEqual(privateHostsIn(line('registry.npmjs.org') + line('npm.example.com')), ['npm.example.com']);
});
