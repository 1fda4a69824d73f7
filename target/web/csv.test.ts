import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeading, parseCsv, toTransaction } from './csv.ts';
import type { Account } from './entities.ts';

const accounts: Account[] = [
  { id: 'checking', name: 'Checking', kind: 'checking' },
  { id: 'a2', name: 'Rainy day', kind: 'savings' },
];
const fieldsOf = (text: string) => parseCsv(text).map(({ fields }) => fields);

test('splits lines and fields', () => {
  const cases: [text: string, fields: string[][]][] = [
    ['', []],
    ['a,b', [['a', 'b']]],
    ['a,b\n', [['a', 'b']]],
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['\uFEFFa , b', [['a', 'b']]],
    ['a,,', [['a', '', '']]],
    ['\n\na\n\n', [['a']]],
    ['"a, b","say ""hi"""', [['a, b', 'say "hi"']]],
    ['"two\nlines",x', [['two\nlines', 'x']]],
    ['"never closed,x\ny', [['never closed,x\ny']]],
  ];
  for (const [text, fields] of cases) assert.deepEqual(fieldsOf(text), fields, JSON.stringify(text));
});

test('says on which line a record starts', () => {
  const lines = parseCsv('date,payee\n\n"two\nlines",x\r\nlast').map(({ line }) => line);
  assert.deepEqual(lines, [1, 3, 5]);
});

test('reads a long field', () => {
  const field = 'x"'.repeat(500_000);
  assert.deepEqual(fieldsOf(`"${field.replaceAll('"', '""')}"`), [[field]]);
});

test('knows a heading', () => {
  assert.equal(isHeading({ line: 1, fields: ['Date', 'Payee', 'Amount'] }), true);
  assert.equal(isHeading({ line: 1, fields: ['2025-01-01', 'Payee', '1'] }), false);
});

test('makes a transaction of a record', () => {
  const cases: [fields: string[], accountId: string][] = [
    [['2025-03-14', 'Bakery', '-4.20'], 'checking'],
    [['2025-03-14', 'Bakery', '-4.20', ''], 'checking'],
    [['2025-03-14', 'Bakery', '-4.20', 'rainy DAY'], 'a2'],
    [['2025-03-14', 'Bakery', '-4.20', 'a2'], 'a2'],
  ];
  for (const [fields, account_id] of cases) {
    const expected = { date: '2025-03-14', payee: 'Bakery', amount_cents: -420, account_id };
    assert.deepEqual(toTransaction({ line: 1, fields }, accounts), expected);
  }
});

test('says what is wrong with a bad record', () => {
  const cases: [fields: string[], reason: string][] = [
    [['nonsense'], '1 field; needed are date,payee,amount and perhaps account'],
    [['2025-01-01', 'a', '1', 'Checking', 'more'], '5 fields; needed are date,payee,amount and perhaps account'],
    [['2025-02-30', 'a', '1'], '“2025-02-30” is no date; needed is YYYY-MM-DD'],
    [['2025-02-03', '', '1'], 'the payee is missing'],
    [['2025-02-03', 'a', '12 EUR'], '“12 EUR” is no amount; needed is a number such as -12.50'],
    [['2025-02-03', 'a', '1', 'Nowhere'], 'there is no account “Nowhere”'],
  ];
  for (const [fields, reason] of cases) assert.equal(toTransaction({ line: 1, fields }, accounts), reason);
});
