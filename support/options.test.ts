import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { declareOptions, durationMs, optionsOf, readOptions, wholeNumber } from './options.ts';

const schema = z.strictObject({
  stay: durationMs.prefault('20s'),
  rooms: wholeNumber(1, 5).default(2),
  by: z.enum(['poll', 'stream']).default('poll'),
});

test('what a profile says is checked, and has its defaults', () => {
  assert.deepEqual(readOptions(schema, {}, 'here'), { stay: 20_000, rooms: 2, by: 'poll' });
  const given = { stay: '1m30s', rooms: 5, by: 'stream' };
  assert.deepEqual(readOptions(schema, given, 'here'), { ...given, stay: 90_000 });
});

test('each bad option is one sentence: field, found, allowed', () => {
  const time = 'a duration such as 500ms, 30s, 1m30s or 2h, at most 14d, above 0';
  const wrong: [options: Record<string, unknown>, sentence: string][] = [
    [{ stey: '20s' }, 'here has an unknown field "stey"; did you mean "stay"? allowed: by, rooms, stay.'],
    [{ stay: '0s' }, `here.stay is "0s"; allowed is ${time}.`],
    [{ stay: 20 }, `here.stay is 20; allowed is ${time}.`],
    [{ rooms: 6 }, 'here.rooms is 6; allowed is a whole number from 1 to 5.'],
    [{ rooms: '2' }, 'here.rooms is "2"; allowed is a whole number from 1 to 5.'],
    [{ by: 'pol' }, 'here.by is "pol"; allowed is one of "poll", "stream".'],
  ];
  for (const [options, sentence] of wrong) {
    assert.throws(() => readOptions(schema, options, 'here'), new Error(sentence));
  }
});

test('what z.object would drop in silence is refused, and what zod says of a type ends the sentence', () => {
  const mine = z
    .object({ stay: z.number().default(1), name: z.string().optional(), to: z.object({ host: z.string() }).optional() })
    .transform((options) => ({ ...options, made: true }));
  assert.deepEqual(readOptions(mine, { stay: 2, to: { host: 'a' } }, 'here'), {
    ...{ stay: 2, to: { host: 'a' }, made: true },
  });
  const wrong: [options: unknown, sentence: string][] = [
    [{ stey: 2 }, 'here has an unknown field "stey"; did you mean "stay"? allowed: name, stay, to.'],
    [{ to: { host: 'a', prot: 1 } }, 'here.to has an unknown field "prot"; allowed: host.'],
    [{ stay: '2' }, 'here.stay is "2"; allowed is a number.'],
    [{ name: 2 }, 'here.name is 2; allowed is a text.'],
    [{ to: [] }, 'here.to is []; allowed is an object.'],
  ];
  for (const [options, sentence] of wrong) {
    assert.throws(() => readOptions(mine, options, 'here'), new Error(sentence));
  }
  const loose = z.looseObject({ stay: z.number() });
  assert.deepEqual(readOptions(loose, { stay: 1, more: 2 }, 'here'), { stay: 1, more: 2 });
  assert.deepEqual(readOptions(z.record(z.string(), z.number()), { any: 1 }, 'here'), { any: 1 });
});

test('options belong to a load or journey by its kind and name; one that declares none takes none', () => {
  declareOptions('load', 'mine', schema);
  assert.deepEqual(optionsOf('load', 'mine', { rooms: 3 }, 'here'), { stay: 20_000, rooms: 3, by: 'poll' });
  assert.throws(() => optionsOf('load', 'mine', { room: 3 }, 'here'), /did you mean "rooms"/);
  assert.deepEqual(optionsOf('journey', 'mine', {}, 'here'), {});
  assert.throws(
    () => optionsOf('journey', 'mine', { room: 3 }, 'here'),
    new Error('here has "room", but journey mine declares no options; allowed is none.'),
  );
});
