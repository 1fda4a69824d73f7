/** Numbers as people read them. One way to write each unit, everywhere: terminal, Markdown, sentences. */
import type { Unit } from '../unit.ts';

/** Stands where there is no number. */
export const NONE = '–';

type Maybe = number | null | undefined;

/** What a reader wants; more are to tell two values apart. */
const DIGITS = 3;

function known(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** `digits` significant digits, never fewer than the integer part has, no exponent. */
function significant(value: number, digits: number): string {
  const decimals = (v: number) => Math.max(0, digits - Math.max(1, Math.floor(Math.log10(Math.abs(v) || 1)) + 1));
  const text = value.toFixed(decimals(value));
  // 9.996 becomes 10.00 with the decimals of a one-digit number: ask again with the rounded one.
  return decimals(Number(text)) === decimals(value) ? text : value.toFixed(decimals(Number(text)));
}

/** Digits after the point that are only zeros say nothing. */
function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Milliseconds: `0.42 ms`, `12.3 ms`, `812 ms`, `1.24 s`, `2 m 05 s`, `1 h 02 m`. */
export function ms(value: Maybe, digits = DIGITS): string {
  if (!known(value)) return NONE;
  if (value === 0) return '0 ms';
  if (value < 0) return `-${ms(-value, digits)}`;
  // Microseconds are the finest that is measured; less than one is not nothing.
  const milliseconds = value < 0.01 ? value.toFixed(3) : significant(value, digits);
  if (Number(milliseconds) < 1000) return Number(milliseconds) === 0 ? '<0.001 ms' : `${milliseconds} ms`;
  const seconds = significant(value / 1000, digits);
  // Finer than minutes and whole seconds, where more digits are asked for.
  if (Number(seconds) < 60 || digits > DIGITS) return `${seconds} s`;
  const whole = Math.round(value / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
}

/** What lies between two lengths of time: `3.96 s to 4.96 s`, or one where they are the same. */
export function between([least, most]: [number, number], joint = ' to '): string {
  return least === most ? ms(least) : `${ms(least)}${joint}${ms(most)}`;
}

/** Which share of some windows held: between bounds where nobody could tell some of them, and a dash where there are none. */
export function heldShare(windows: { held: number; missed: number; unknown: number }, joint = ' to '): string {
  const { held, missed, unknown } = windows;
  const all = held + missed + unknown;
  if (all === 0) return NONE;
  const [least, most] = [ratio(held / all), ratio((held + unknown) / all)];
  return least === most ? least : `${least}${joint}${most}`;
}

/** A clock whose width does not change every second: `02:05`, `1:02:05`. Milliseconds in. */
export function clock(value: number): string {
  const seconds = Math.max(0, Math.floor(value / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return seconds < 3600 ? minutes : `${Math.floor(seconds / 3600)}:${minutes}`;
}

/** 0…1 as percent: `0.03 %`, `0.006 %`, `5 %`, `99.997 %`. Only 0 is `0 %` and only 1 is `100 %`. */
export function ratio(value: Maybe, decimals = 2): string {
  if (!known(value)) return NONE;
  const percent = value * 100;
  for (let places = decimals; places < 9; places++) {
    const text = trimmed(percent.toFixed(places));
    // So small that no digit that counts is left, or only a rounded one.
    const tooCoarse = value !== 0 && Math.abs(percent) < 10 ** -places;
    if (!tooCoarse && (text !== '100' || value === 1)) return `${text} %`;
  }
  return value < 0.5 ? '<0.00000001 %' : '>99.99999999 %';
}

const thousands = new Intl.NumberFormat('en-US', { maximumFractionDigits: DIGITS - 1 });

/** `12,345`. */
export function count(value: Maybe, digits = DIGITS): string {
  if (!known(value)) return NONE;
  return digits > DIGITS
    ? value.toLocaleString('en-US', { maximumFractionDigits: digits - 1 })
    : thousands.format(value);
}

/** `1 sample`, `12,345 samples`. The plural is the noun with an s. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Per second: `0.83/s`, `312/s`, `1,250/s`. */
export function rate(perSecond: Maybe): string {
  if (!known(perSecond)) return NONE;
  return `${perSecond < 999.5 ? trimmed(significant(perSecond, 3)) : thousands.format(Math.round(perSecond))}/s`;
}

/** Decimal units, as k6 writes them: `512 B`, `1.50 kB`, `182 MB`. */
export function bytes(value: Maybe, digits = DIGITS): string {
  if (!known(value)) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (unit < units.length - 1 && Number(significant(scaled, digits)) >= 1000) {
    scaled /= 1000;
    unit++;
  }
  const isWhole = unit === 0 && digits === DIGITS;
  return `${isWhole ? Math.round(scaled) : significant(scaled, digits)} ${units[unit]}`;
}

/** A bare score such as CLS: `0`, `0.012`, `1.25`. */
function score(value: Maybe, digits = DIGITS): string {
  if (!known(value)) return NONE;
  if (Math.abs(value) >= 1) return trimmed(significant(value, digits));
  return trimmed(value.toFixed(digits)) === '0' && value !== 0 ? value.toPrecision(1) : trimmed(value.toFixed(digits));
}

/** How many times as much: `×1.08`, `×12.4`. */
export function times(factor: Maybe): string {
  return known(factor) ? `×${significant(factor, 3)}` : NONE;
}

/** A value in its unit. */
export function figure(value: Maybe, unit: Unit, digits = DIGITS): string {
  switch (unit) {
    case 'ms':
      return ms(value, digits);
    case 'ratio':
      return ratio(value, digits - 1);
    case 'count':
      return count(value, digits);
    case 'bytes':
      return bytes(value, digits);
    case 'none':
      return score(value, digits);
  }
}

/** What stands behind the rate of a counter, which is per second; that of a rate is a share. */
export function perSecond(stat: string, unit: Unit): '/s' | '' {
  return stat === 'rate' && unit !== 'ratio' ? '/s' : '';
}

/** A limit as somebody wrote it, `500 ms` or `1.5 s`: its zeros at the end were not measured. */
export function limitFigure(value: Maybe, unit: Unit, digits = DIGITS): string {
  return figure(value, unit, digits).replace(/\.(\d*?)0+(?=\D*$)/, (_, kept) => (kept === '' ? '' : `.${kept}`));
}

/**
 * An observed value and its limit with as many digits as it takes to see the difference:
 * 500.4 against 500 is `500.4 ms` and `500 ms`, never "was 500 ms, required < 500 ms".
 */
export function apart(observed: number, limit: number, unit: Unit): [observed: string, limit: string] {
  for (let digits = DIGITS; digits < 10 && observed !== limit; digits++) {
    const pair = [figure(observed, unit, digits), figure(limit, unit, digits)] as const;
    if (pair[0] !== pair[1]) return [pair[0], limitFigure(limit, unit, digits)];
  }
  return [figure(observed, unit), limitFigure(limit, unit)];
}
