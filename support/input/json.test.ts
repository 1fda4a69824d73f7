import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { lineOf, parseJson, placeIn } from './json.ts';

test('what is JSON is read as JSON.parse does', () => {
  for (const text of ['{"a":[1,{"a":null}],"b":{"a":"\\u00e9"}}', '[]', ' "x"\n', '1e999', '{"constructor":1}'])
    assert.deepEqual(parseJson(text), JSON.parse(text));
  assert.deepEqual(parseJson('\uFEFF{}'), {});
});

test('what is none is told with its place', () => {
  const table: [text: string, sentence: string][] = [
    ['', 'line 1, column 1: value expected'],
    ['{', 'line 1, column 2: close brace expected'],
    ['{\n  "a":', 'line 2, column 7: value expected'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: property name expected'],
    ['{\n  "a": 1\n  "b": 2}', 'line 3, column 3: comma expected'],
    ['{\n  "a": 1 // one\n}', 'line 2, column 10: a comment, which JSON does not have'],
    ['/* a */ {}', 'line 1, column 1: a comment, which JSON does not have'],
    ['{\n  a: 1 }', 'line 2, column 3: invalid symbol'],
    ['{"a": NaN}', 'line 1, column 7: invalid symbol'],
    ['{"a": 1}}', 'line 1, column 9: end of file expected'],
    ['{\n"a": 01}', 'line 2, column 7: '],
    ['{\n"a": "\t"}', 'line 2, column 6: invalid character'],
    ['{\n  "a": 1,\n  "b": 2,\n  "a": 3 }', 'line 4, column 3: "a" stands there for the second time'],
    ['{ "x": [{ "a": 1, "\\u0061": 1 }] }', 'line 1, column 19: "a" stands there for the second time'],
    ['{ "x": { "__proto__": {} } }', 'line 1, column 10: "__proto__" is no name for anything'],
    ['['.repeat(100_000), 'its values are nested too deeply'],
  ];
  for (const [text, sentence] of table)
    assert.throws(
      () => parseJson(text),
      ({ message }: Error) => message.startsWith(sentence) || assert.fail(`${text.slice(0, 40)}: ${message}`),
    );
});

test('the line of a place, or of the nearest thing around it', (t) => {
  const text = '\uFEFF{\n  "a": {\n    "b":\n      [1,\n       { "c/ü": 2 }]\n  }\n}';
  const table: [place: (string | number)[], line: number][] = [
    [[], 1],
    [['a'], 2],
    [['a', 'b'], 3],
    [['a', 'b', 0], 4],
    [['a', 'b', 1, 'c/ü'], 5],
    [['a', 'b', 1, 'd'], 5],
    [['a', 'x', 'y'], 2],
    [['x'], 1],
  ];
  for (const [place, line] of table) assert.equal(lineOf(text, place), line, place.join('.'));
  assert.equal(lineOf('{', ['a']), 1);
  const folder = folderOf(t, { 'profiles/a.json': text });
  assert.equal(placeIn(folder, 'profiles/a.json', ['a', 'b']), 'profiles/a.json:3');
  assert.equal(placeIn(folder, 'profiles/b.json', ['a', 'b']), 'profiles/b.json');
});
