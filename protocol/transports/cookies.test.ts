import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cookies } from './cookies.ts';

test('a host may say its own name for a cookie, with dots in it or without; nobody else’s', () => {
  const table: [url: string, domain: string, kept: boolean][] = [
    ['http://web:3000/', 'web', true],
    ['http://test:3000/', 'test', true],
    ['http://localhost:3000/', 'localhost', true],
    ['http://127.0.0.1:3000/', '127.0.0.1', true],
    ['https://app.example.com/', 'app.example.com', true],
    ['https://app.example.com/', '.example.com', true],
    ['https://app.example.com/', 'com', false],
    ['https://app.example.com/', 'other.com', false],
    ['http://web:3000/', 'other', false],
  ];
  for (const [url, domain, kept] of table) {
    const cookies = new Cookies();
    cookies.take(url, [`sid=1; Domain=${domain}; Path=/`]);
    assert.equal(cookies.for(`${url}page`), kept ? 'sid=1' : undefined, `${domain} at ${url}`);
  }
});

test('what is said for a whole suffix is sent to no host of it', () => {
  const cookies = new Cookies();
  cookies.take('https://shop.co.uk/', ['a=1; Domain=co.uk; Path=/', 'b=2; Path=/']);
  assert.deepEqual(
    ['https://shop.co.uk/', 'https://other.co.uk/'].map((url) => cookies.for(url)),
    ['b=2', undefined],
  );
});

test('of a host without dots too only cookies for the path are sent, the longest path first, and none that is over', () => {
  const cookies = new Cookies();
  for (const host of ['example', 'app.example.com']) {
    const url = `http://${host}/shop/cart`;
    cookies.take(url, ['a=1; Path=/', 'b=2; Path=/shop', 'c=3; Path=/other', 'd=4; Secure', 'e=5; Path=/']);
    cookies.take(url, ['e=; Path=/; Max-Age=0']);
    assert.equal(cookies.for(url), 'b=2; a=1', host);
    assert.equal(cookies.for('http://local/'), undefined);
  }
});
