import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apart, bytes, clock, count, counted, figure, limitFigure, ms, rate, ratio, times } from './figures.ts';

function table<T>(name: string, show: (value: T) => string, rows: [T, string][]): void {
  test(name, () => {
    for (const [value, expected] of rows) assert.equal(show(value), expected, `of ${value}`);
  });
}

table<number | null>('milliseconds take the unit that reads best', ms, [
  [null, '–'],
  [Number.NaN, '–'],
  [Number.POSITIVE_INFINITY, '–'],
  [0, '0 ms'],
  [0.0001, '<0.001 ms'],
  [0.004, '0.004 ms'],
  [0.42, '0.42 ms'],
  [4.213, '4.21 ms'],
  [9.996, '10.0 ms'],
  [12.34, '12.3 ms'],
  [812.4, '812 ms'],
  [999.4, '999 ms'],
  [999.7, '1.00 s'],
  [1_240, '1.24 s'],
  [59_940, '59.9 s'],
  [59_960, '1 m 00 s'],
  [125_000, '2 m 05 s'],
  [3_599_600, '1 h 00 m'],
  [3_720_000, '1 h 02 m'],
  [-12.34, '-12.3 ms'],
]);

table<number>('a ratio is 0 % or 100 % only when it is', ratio, [
  [0, '0 %'],
  [0.0003, '0.03 %'],
  [0.000058, '0.006 %'],
  [0.00000001, '0.000001 %'],
  [1e-12, '<0.00000001 %'],
  [0.05, '5 %'],
  [0.0512, '5.12 %'],
  [0.9998, '99.98 %'],
  [0.99997, '99.997 %'],
  [0.9999999, '99.99999 %'],
  [1, '100 %'],
]);

table<number>('rates', rate, [
  [0, '0/s'],
  [0.834, '0.83/s'],
  [12.34, '12.3/s'],
  [311.6, '312/s'],
  [999.6, '1,000/s'],
  [1249.8, '1,250/s'],
]);

table<number>('bytes in decimal units', bytes, [
  [0, '0 B'],
  [512, '512 B'],
  [999.9, '1.00 kB'],
  [1_500, '1.50 kB'],
  [182_400_000, '182 MB'],
  [3e15, '3000 TB'],
]);

table<number>('a clock keeps its width', clock, [
  [-5, '00:00'],
  [125_900, '02:05'],
  [3_725_000, '1:02:05'],
]);

test('counts, nouns, factors, and a bare score', () => {
  assert.equal(count(12_345), '12,345');
  assert.equal(counted(1, 'sample'), '1 sample');
  assert.equal(counted(0, 'sample'), '0 samples');
  assert.equal(times(2.314), '×2.31');
  assert.equal(times(null), '–');
  assert.equal(figure(0.0123, 'none'), '0.012');
  assert.equal(figure(0.0001, 'none'), '0.0001');
  assert.equal(figure(0, 'none'), '0');
});

test('a limit is shown as it was written', () => {
  assert.equal(limitFigure(50, 'ms'), '50 ms');
  assert.equal(limitFigure(1_500, 'ms'), '1.5 s');
  assert.equal(limitFigure(500, 'ms'), '500 ms');
  assert.equal(limitFigure(120_000, 'ms'), '2 m 00 s');
});

test('observed and limit never read the same when they are not', () => {
  assert.deepEqual(apart(812, 500, 'ms'), ['812 ms', '500 ms']);
  assert.deepEqual(apart(500.04, 500, 'ms'), ['500.04 ms', '500 ms']);
  assert.deepEqual(apart(0.050001, 0.05, 'ratio'), ['5.0001 %', '5 %']);
  assert.deepEqual(apart(500, 500, 'ms'), ['500 ms', '500 ms']);
  assert.deepEqual(apart(60_223, 60_000, 'ms'), ['60.22 s', '60 s']);
  assert.deepEqual(apart(3_723_000, 3_720_000, 'ms'), ['3723 s', '3720 s']);
  assert.deepEqual(apart(125_000, 60_000, 'ms'), ['2 m 05 s', '1 m 00 s']);
  assert.deepEqual(apart(99.9996, 100, 'count'), ['99.9996', '100']);
  assert.deepEqual(apart(0.001, 0.0005, 'count'), ['0.001', '0.0005']);
  assert.deepEqual(apart(12_345, 12_346, 'count'), ['12,345', '12,346']);
  assert.deepEqual(apart(512.4, 512, 'bytes'), ['512.4 B', '512 B']);
  assert.deepEqual(apart(700, 512, 'bytes'), ['700 B', '512 B']);
});
